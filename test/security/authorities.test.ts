import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type KeyPair, makeAuthority, makeCertificate } from '../../src/cmd/server/certificates.ts'
import { env, SecureServer, type Sent } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-authorities-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const UID = '1.3.6.1.4.1.57683.2'
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const BODY = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' }

interface Pems {
  readonly publicKey: string
  readonly privateKey: string
}

function pem(type: 'ec' | 'rsa'): Pems {
  const { publicKey, privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const [old, now] = [pem('rsa'), pem('ec')]

let users: KeyPair
let proxies: KeyPair
let server: SecureServer

before(async () => {
  users = await makeAuthority(env, 'CN=users')
  proxies = await makeAuthority(env, 'CN=proxies')
  server = await SecureServer.start({
    'client-ca-file': [file('users.crt', users.cert)],
    'requestheader-client-ca-file': [file('proxies.crt', proxies.cert)],
    'requestheader-allowed-names': ['gate'],
    'requestheader-username-headers': ['X-Gate-User,X-Remote-User'],
    'requestheader-uid-headers': ['X-Remote-Uid'],
    'requestheader-group-headers': ['X-Gate-Group'],
    'requestheader-extra-headers-prefix': ['X-Gate-Extra-'],
    'service-account-signing-key-file': [file('now.key', now.privateKey)],
    'service-account-key-file': [file('both.pub', now.publicKey + old.publicKey)],
    'service-account-issuer': ['https://new.example', 'https://old.example'],
    'service-account-jwks-uri': ['https://keys.example/jwks'],
    'service-account-max-token-expiration': ['2h'],
    'api-audiences': ['api', 'https://new.example'],
    'anonymous-auth': ['false'],
  })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface Who {
  readonly username: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Whom the server takes the sender for, or the code of its refusal. */
async function whoIs(sent: Sent): Promise<Who | number> {
  const { status, text } = await server.send(REVIEW, { method: 'POST', body: BODY, as: undefined, ...sent })
  return status === 201 ? (JSON.parse(text) as { status: { userInfo: Who } }).status.userInfo : status
}

describe('client certificates of authorities that flags name', () => {
  const holder = async (name: string, authority = users): Promise<Who | number> =>
    whoIs({ tls: await makeCertificate(env, authority, { name }) })

  test('the holder is a user with a uid', async () => {
    const who = await holder(`O=crew, O=deck, ${UID}=u-1, CN=jane`)
    assert.ok(typeof who === 'object')
    const { extra, ...rest } = who
    assert.deepEqual(rest, { username: 'jane', uid: 'u-1', groups: ['crew', 'deck', 'system:authenticated'] })
    assert.match(extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^X509SHA256=[0-9a-f]{64}$/)
  })
  test('two uids are none', async () => assert.equal(await holder(`${UID}=a, ${UID}=b, CN=jane`), 401))
  test('without a name, nobody', async () => assert.equal(await holder('O=system:masters'), 401))
  test("one of the proxies' authority is no user", async () =>
    assert.equal(await holder('O=system:masters, CN=jane', proxies), 401))
  test('the cluster has its own users still', async () => {
    const who = await holder('CN=kubelet', server.pki.ca)
    assert.equal(typeof who === 'object' && who.username, 'kubelet')
  })
})

describe('front proxies of authorities that flags name', () => {
  const headers = {
    'x-gate-user': 'jane',
    'x-remote-uid': 'u-1',
    'x-gate-group': ['crew', 'a, b'],
    'x-gate-extra-ship%2fname': 'skiff',
    'x-remote-group': 'system:masters',
    'x-remote-extra-other': 'x',
  }
  const through = async (name: string, more: object = {}, authority = proxies): Promise<Who | number> =>
    whoIs({ headers: { ...headers, ...more }, tls: await makeCertificate(env, authority, { name }) })

  test('are believed what the named headers say, and nothing else', async () => {
    assert.deepEqual(await through('CN=gate'), {
      username: 'jane',
      uid: 'u-1',
      groups: ['crew', 'a, b', 'system:authenticated'],
      extra: { 'ship/name': ['skiff'] },
    })
  })
  test('the first header that names somebody counts', async () => {
    const who = await through('CN=gate', { 'x-gate-user': '', 'x-remote-user': 'joe' })
    assert.equal(typeof who === 'object' && who.username, 'joe')
  })
  test('another name is not believed', async () => assert.equal(await through('CN=other'), 401))
  test('a user is no proxy', async () => {
    const who = await through('CN=gate', {}, users)
    assert.equal(typeof who === 'object' && who.username, 'gate')
  })
})

describe('service account tokens by flags', () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/sailor'
  const tokenOf = async (
    spec: object = {},
  ): Promise<{ readonly token: string; readonly warning: string | undefined }> => {
    const sent = { method: 'POST', body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec } }
    const { text, headers } = await server.expect(201, `${path}/token`, { ...sent, as: 'admin' })
    const { token } = (JSON.parse(text) as { status: { token: string } }).status
    const { warning } = headers
    return { token, warning: warning as string | undefined }
  }
  const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Readonly<Record<string, unknown>>
  const nameOf = async (token: string): Promise<string | number> => {
    const who = await whoIs({ token })
    return typeof who === 'object' ? who.username : who
  }
  /** As an earlier server signed it. */
  const signedBefore = (claims: object, header: object = {}, key = old.privateKey): string => {
    const parts = [{ alg: 'RS256', ...header }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    return `${parts.join('.')}.${sign('sha256', Buffer.from(parts.join('.')), key).toString('base64url')}`
  }
  before(async () => {
    await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'sailor' } })
  })

  test('the new key signs for the first issuer, for the audiences of the API', async () => {
    const { token } = await tokenOf()
    const { iss, aud } = claimsOf(token)
    assert.deepEqual([iss, aud], ['https://new.example', ['api', 'https://new.example']])
    assert.equal(
      (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: string }).alg,
      'ES384',
    )
    assert.equal(await nameOf(token), 'system:serviceaccount:default:sailor')
  })
  test('who asks for more time than there is gets less, and is told', async () => {
    const { token, warning } = await tokenOf({ expirationSeconds: 86_400 })
    const { exp, iat } = claimsOf(token)
    assert.equal(Number(exp) - Number(iat), 7200)
    assert.match(warning ?? '', /requested expiration of 86400 seconds shortened to 7200 seconds/)
  })
  test('tokens that the old key signed for the old issuer are good; all others are not', async () => {
    const claims = { ...claimsOf((await tokenOf()).token), iss: 'https://old.example' }
    assert.equal(await nameOf(signedBefore(claims)), 'system:serviceaccount:default:sailor')
    const another = pem('rsa').privateKey
    const now = Math.floor(Date.now() / 1000)
    const refused: readonly (readonly [string, string])[] = [
      ['another issuer', signedBefore({ ...claims, iss: 'https://other.example' })],
      ['another audience', signedBefore({ ...claims, aud: ['other'] })],
      ['expired', signedBefore({ ...claims, exp: now - 100 })],
      ['not yet', signedBefore({ ...claims, nbf: now + 1000 })],
      ['another key', signedBefore(claims, {}, another)],
      ['alg none', signedBefore(claims, { alg: 'none' })],
      ['another alg', signedBefore(claims, { alg: 'HS256' })],
      ['the name of another key', signedBefore(claims, { kid: 'x' }, another)],
      [
        'another uid',
        signedBefore({
          ...claims,
          'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'sailor', uid: 'x' } },
        }),
      ],
      [
        'another account',
        signedBefore({
          ...claims,
          'kubernetes.io': { namespace: 'kube-system', serviceaccount: { name: 'nobody', uid: 'x' } },
        }),
      ],
      ['no account', signedBefore({ ...claims, 'kubernetes.io': undefined })],
      ['no claims', signedBefore({})],
      ['cut', signedBefore(claims).slice(0, -20)],
      ['no signature', `${signedBefore(claims).split('.').slice(0, 2).join('.')}.`],
      ['no base64', `!${signedBefore(claims)}`],
      ['huge', `${signedBefore(claims)}${'x'.repeat(6000)}`],
      ['four parts', `${signedBefore(claims)}.x`],
    ]
    for (const [name, token] of refused) assert.equal(await nameOf(token), 401, name)
  })
  test('discovery names the first issuer, all algorithms, and where keys are said to be', async () => {
    const { text } = await server.expect(200, '/.well-known/openid-configuration', { as: 'admin' })
    assert.equal(
      text,
      '{"issuer":"https://new.example","jwks_uri":"https://keys.example/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES384","RS256"]}',
    )
    const { keys } = JSON.parse((await server.expect(200, '/openid/v1/jwks', { as: 'admin' })).text) as {
      keys: object[]
    }
    assert.deepEqual(
      keys.map((key) => Object.keys(key).join()),
      ['use,kty,kid,crv,alg,x,y', 'use,kty,kid,alg,n,e'],
    )
  })
  test('nobody is let in without credentials, not even for health', async () => {
    for (const path of ['/livez', '/version', '/api']) await server.expect(401, path, { as: undefined })
  })
})

describe('authorities that flags name', () => {
  const told = async (): Promise<Record<string, string>> => {
    const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
    const { data } = JSON.parse((await server.expect(200, path, { as: 'admin' })).text) as {
      data: Record<string, string>
    }
    return data
  }

  test("are told to extension API servers, beside the cluster's own", async () => {
    const { 'client-ca-file': clientCa, 'requestheader-client-ca-file': proxyCa, ...rest } = await told()
    assert.equal(clientCa, `${server.pki.ca.cert.trimEnd()}\n${users.cert}`)
    assert.equal(proxyCa, `${server.pki.frontProxy.ca.trimEnd()}\n${proxies.cert}`)
    assert.deepEqual(rest, {
      'requestheader-allowed-names': '["front-proxy-client","gate"]',
      'requestheader-username-headers': '["X-Remote-User","X-Gate-User"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-group-headers': '["X-Remote-Group","X-Gate-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-","X-Gate-Extra-"]',
    })
  })

  test('are read anew when their file changes; holders of certificates of before are nobody then', async () => {
    const next = await makeAuthority(env, 'CN=next')
    const before = await makeCertificate(env, users, { name: 'CN=jane' })
    const after = await makeCertificate(env, next, { name: 'CN=jack' })
    assert.equal(typeof (await whoIs({ tls: before })), 'object')
    assert.equal(await whoIs({ tls: after }), 401)
    // What is written in steps is not believed before it is whole.
    file('users.crt', '-----BEGIN CERTIFICATE-----\nhalf\n-----END CERTIFICATE-----\n')
    file('users.crt', next.cert)
    while ((await whoIs({ tls: after })) === 401) await new Promise(setImmediate)
    assert.equal(await whoIs({ tls: before }), 401)
    while (!(await told())['client-ca-file']?.includes(next.cert)) await new Promise(setImmediate)
  })
})
