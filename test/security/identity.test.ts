import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, describe, test } from 'node:test'
import { makeAuthority, makeCertificate, type KeyPair } from '../../src/cmd/server/certificates.ts'
import { env, SecureServer } from './server.ts'

interface Who {
  readonly username: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

let server: SecureServer
let proxy: KeyPair

before(async () => {
  server = await SecureServer.start()
  proxy = server.pki.frontProxy.client
})
after(() => server[Symbol.asyncDispose]())

const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const BODY = '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'

/** Whom the server takes the sender of these header lines for, or the code of its refusal. */
async function whoIs(lines: readonly string[], tls: Partial<KeyPair> = {}): Promise<Who | number> {
  const head = [
    `POST ${REVIEW} HTTP/1.1`,
    'Host: a',
    'Content-Type: application/json',
    `Content-Length: ${BODY.length}`,
    'Connection: close',
  ]
  const answer = await (await server.raw(tls)).send(`${[...head, ...lines].join('\r\n')}\r\n\r\n${BODY}`).closed()
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  if (status !== 201) return status
  const { status: review } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { status: { userInfo: Who } }
  return review.userInfo
}

const ALICE: Who = { username: 'alice', uid: '1', groups: ['system:authenticated'] }
const ALICES = 'Authorization: Bearer alice-token'
const ADMINS = 'Authorization: Bearer admin-token'
const AS_ROOT = [
  'X-Remote-User: root',
  'X-Remote-Group: system:masters',
  'X-Remote-Uid: 0',
  'X-Remote-Extra-Scopes: all',
]

describe('headers of a front proxy count from a front proxy alone', () => {
  test('beside no credentials, nobody', async () => assert.equal(await whoIs(AS_ROOT), 403))
  test('beside a token, the owner of the token', async () => assert.deepEqual(await whoIs([...AS_ROOT, ALICES]), ALICE))
  test('beside a bad token, nobody', async () =>
    assert.equal(await whoIs([...AS_ROOT, 'Authorization: Bearer wrong']), 401))

  test("with a certificate of the cluster's own authority, its holder", async () => {
    const tls = await makeCertificate(env, server.pki.ca, { name: 'CN=front-proxy-client' })
    const who = await whoIs(AS_ROOT, tls)
    assert.ok(typeof who !== 'number')
    assert.deepEqual([who.username, who.groups], ['front-proxy-client', ['system:authenticated']])
  })

  test('with a certificate that anybody made, nobody', async () => {
    const authority = await makeAuthority(env, 'CN=front-proxy-ca')
    assert.equal(await whoIs(AS_ROOT, await makeCertificate(env, authority, { name: 'CN=front-proxy-client' })), 401)
  })

  test("with the front proxy's own, whom it says", async () => {
    const who = await whoIs(AS_ROOT, proxy)
    assert.deepEqual(who, {
      username: 'root',
      uid: '0',
      groups: ['system:masters', 'system:authenticated'],
      extra: { scopes: ['all'] },
    })
  })

  test("the front proxy's certificate alone is nobody's", async () => {
    assert.equal(await whoIs([], proxy), 401)
    assert.equal(await whoIs(['X-Remote-Group: system:masters'], proxy), 401)
  })
})

describe('a comma in a value does not make two of it', () => {
  const groups = ['dev, system:masters', 'a,system:masters']

  for (const group of groups) {
    test(`group ${group}, from a front proxy`, async () => {
      const who = await whoIs(['X-Remote-User: eve', `X-Remote-Group: ${group}`], proxy)
      assert.ok(typeof who !== 'number')
      assert.deepEqual(who.groups, [group, 'system:authenticated'])
    })

    test(`group ${group}, impersonated`, async () => {
      const who = await whoIs([ADMINS, 'Impersonate-User: eve', `Impersonate-Group: ${group}`], {})
      assert.ok(typeof who !== 'number')
      assert.deepEqual(who.groups, [group, 'system:authenticated'])
    })
  }

  test('several values stay several', async () => {
    const lines = [
      'X-Remote-User: eve',
      'X-Remote-Group: a',
      'X-Remote-Group: b, c',
      'X-Remote-Extra-K: 1',
      'X-Remote-Extra-K: 2, 3',
    ]
    const who = await whoIs(lines, proxy)
    assert.deepEqual(who, {
      username: 'eve',
      groups: ['a', 'b, c', 'system:authenticated'],
      extra: { k: ['1', '2, 3'] },
    })
  })

  test('over HTTP/2, too', async () => {
    const session = connectHttp2(`https://127.0.0.1:${server.api.listener.port}`, { ca: server.pki.ca.cert, ...proxy })
    const stream = session.request({
      ':method': 'POST',
      ':path': REVIEW,
      'content-type': 'application/json',
      'x-remote-user': 'eve',
      'x-remote-group': ['a', 'b, system:masters'],
    })
    stream.end(BODY)
    const text = Buffer.concat(await stream.toArray()).toString()
    session.destroy()
    assert.deepEqual((JSON.parse(text) as { status: { userInfo: Who } }).status.userInfo.groups, [
      'a',
      'b, system:masters',
      'system:authenticated',
    ])
  })
})

/** Header lines of somebody with alice's token and what she becomes: as kube-apiserver answers. */
const NOT_HERSELF: Readonly<Record<string, readonly [lines: readonly string[], answer: Who | number]>> = {
  'as another user': [['Impersonate-User: bob'], 403],
  'as herself': [['Impersonate-User: alice'], 403],
  'as a group alone': [['Impersonate-Group: system:masters'], 400],
  'as a uid alone': [['Impersonate-Uid: 1'], 400],
  'with extra alone': [['Impersonate-Extra-Scopes: all'], 400],
  'as a service account': [['Impersonate-User: system:serviceaccount:kube-system:default'], 403],
  'as a node': [['Impersonate-User: system:node:node'], 403],
  'as nobody': [['Impersonate-User: system:anonymous'], 403],
  'as another, then herself': [['Impersonate-User: bob', 'Impersonate-User: alice'], 403],
  'in capitals': [['IMPERSONATE-USER: bob'], 403],
  'with underscores': [['Impersonate_User: bob', 'X_Remote_User: bob'], ALICE],
  'as no name': [['Impersonate-User:'], ALICE],
  'by headers that other proxies set': [
    [
      'X-Forwarded-User: root',
      'X-Webauth-User: root',
      'Remote-User: root',
      'X-Forwarded-For: 127.0.0.1',
      'Forwarded: for=127.0.0.1',
    ],
    ALICE,
  ],
  'with the header named in Connection': [['Connection: X-Remote-User, Authorization', 'X-Remote-User: root'], ALICE],
  'with a second token': [[ADMINS], ALICE],
  "with an administrator's token as a WebSocket's protocol, and no WebSocket": [
    ['Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.YWRtaW4tdG9rZW4'],
    ALICE,
  ],
}

describe('a token is its owner and nobody else', () => {
  for (const [name, [lines, answer]] of Object.entries(NOT_HERSELF))
    test(name, async () => assert.deepEqual(await whoIs([ALICES, ...lines]), answer))

  for (const line of [
    'Basic YWRtaW46YWRtaW4tdG9rZW4=',
    'Bearer',
    'Token admin-token',
    'admin-token',
    'BEARER  admin-token',
  ])
    test(`Authorization: ${line}: nobody`, async () => assert.equal(await whoIs([`Authorization: ${line}`]), 403))
  for (const line of [
    'Bearer wrong',
    'Bearer alice-token,Bearer admin-token',
    'Bearer alice-token\tadmin-token',
    'Bearer alice-toke',
    'Bearer alice-token0',
  ])
    test(`Authorization: ${line}: bad`, async () => assert.equal(await whoIs([`Authorization: ${line}`]), 401))
})

describe('each part of somebody else needs its own permission', () => {
  const impersonate = (resources: string[], names: string[], apiGroups = ['', 'authentication.k8s.io']) => [
    { apiGroups, resources, resourceNames: names, verbs: ['impersonate'] },
  ]
  const wanted = [
    'Impersonate-User: carol',
    'Impersonate-Group: dev',
    'Impersonate-Uid: 7',
    'Impersonate-Extra-Scopes: view',
  ]
  const bobs = (lines: readonly string[]) => whoIs(['Authorization: Bearer bob-token', ...lines])

  test('user, group, uid, extra: one after another', async () => {
    assert.equal(await bobs(wanted), 403)
    await server.allow('bob', impersonate(['users'], ['carol']))
    assert.equal(await bobs(wanted), 403)
    await server.allow('bob', impersonate(['groups'], ['dev']))
    assert.equal(await bobs(wanted), 403)
    await server.allow('bob', impersonate(['uids'], ['7']))
    assert.equal(await bobs(wanted), 403)
    await server.allow('bob', impersonate(['userextras/scopes'], ['view']))
    assert.deepEqual(await bobs(wanted), {
      username: 'carol',
      uid: '7',
      groups: ['dev', 'system:authenticated'],
      extra: { scopes: ['view'] },
    })
  })

  for (const more of [
    'Impersonate-Group: system:masters',
    'Impersonate-Extra-Scopes: edit',
    'Impersonate-Extra-Other: view',
  ])
    test(`and no more: ${more}`, async () => assert.equal(await bobs([...wanted, more]), 403))
  for (const instead of [
    'Impersonate-User: admin',
    'Impersonate-User: system:serviceaccount:default:default',
    'Impersonate-User: system:node:node',
    'Impersonate-User: Carol',
  ])
    test(`and nobody else: ${instead}`, async () => assert.equal(await bobs([instead]), 403))

  test('who may act on behalf of another for one verb may not for the others (constrained impersonation)', async () => {
    await server.allow('dave', [
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['users'],
        resourceNames: ['admin'],
        verbs: ['impersonate:user-info'],
      },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['impersonate-on:user-info:list'] },
    ])
    const as = { as: 'dave', headers: { 'impersonate-user': 'admin' } } as const
    // The name alone is not in system:masters; what counts here is that he gets as far as being admin.
    assert.match(await server.refused(403, '/api/v1/configmaps', as), /User "admin" cannot list/)
    assert.match(await server.refused(403, '/api/v1/secrets', as), /User "dave" cannot impersonate-on:user-info:list/)
    assert.match(
      await server.refused(403, '/api/v1/namespaces/default/configmaps/x', as),
      /User "dave" cannot impersonate-on:user-info:get/,
    )
  })

  test('constrained impersonation never makes a system:masters', async () => {
    await server.allow('dave', [
      {
        apiGroups: ['*'],
        resources: ['*'],
        verbs: ['impersonate:user-info', 'impersonate-on:user-info:create', 'impersonate-on:user-info:list'],
      },
    ])
    const lines = ['Authorization: Bearer dave-token', 'Impersonate-User: x', 'Impersonate-Group: system:masters']
    assert.equal(await whoIs(lines), 403)
  })
})
