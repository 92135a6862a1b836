import 'reflect-metadata'
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509Certificate as Parsed,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { certificateAuthenticator } from '../../src/cmd/server/certificate-authenticator.ts'
import {
  ALGORITHM,
  importKey,
  makeAuthority,
  pem,
  serialNumber,
  type KeyPair,
} from '../../src/cmd/server/certificates.ts'
import { readPair } from '../../src/cmd/server/pki.ts'
import { join } from 'node:path'
import { env, SecureServer } from './server.ts'

let server: SecureServer
let ca: KeyPair
let proxyCa: KeyPair

before(async () => {
  server = await SecureServer.start()
  const pair = (name: string): KeyPair => {
    const found = readPair(join(server.folder, 'pki'), name)
    assert.ok(found)
    return found
  }
  ca = pair('ca')
  proxyCa = pair('front-proxy-ca')
})
after(() => server[Symbol.asyncDispose]())

const DAY_MS = 86_400_000

interface Wanted {
  readonly signer: KeyPair
  readonly name?: string
  readonly usage?: ExtendedKeyUsage | null
  readonly fromMs?: number
  readonly toMs?: number
  readonly isAuthority?: boolean
  /** Instead of the signer's own. */
  readonly issuer?: string
}

/** A certificate as somebody might make it; the administrator's unless told. */
async function certificate(wanted: Wanted): Promise<KeyPair> {
  const {
    signer,
    name = 'O=system:masters, CN=admin',
    usage = ExtendedKeyUsage.clientAuth,
    isAuthority = false,
  } = wanted
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const now = env.clock.now()
  const made = await X509CertificateGenerator.create({
    serialNumber: serialNumber(env.random),
    notBefore: new Date(now + (wanted.fromMs ?? -DAY_MS)),
    notAfter: new Date(now + (wanted.toMs ?? DAY_MS)),
    signingAlgorithm: ALGORITHM,
    subject: name,
    issuer: wanted.issuer ?? new Parsed(signer.cert).subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(signer.key),
    extensions: [
      new BasicConstraintsExtension(isAuthority, undefined, true),
      ...(usage === null ? [] : [new ExtendedKeyUsageExtension([usage])]),
    ],
  })
  return { cert: `${made.toString('pem')}\n`, key: await pem('PRIVATE KEY', keys.privateKey) }
}

const chain = (leaf: KeyPair, ...above: KeyPair[]): KeyPair => ({
  cert: [leaf, ...above].map(({ cert }) => cert).join(''),
  key: leaf.key,
})

describe('a client certificate is refused, and its holder is nobody,', () => {
  const cases: Readonly<Record<string, () => Promise<KeyPair>>> = {
    'when it is signed by itself': () => makeAuthority(env, 'O=system:masters, CN=admin'),
    'when another authority has signed it': async () =>
      certificate({ signer: await makeAuthority(env, 'CN=somebody') }),
    "when its issuer is the cluster's by name alone": async () =>
      certificate({ signer: await makeAuthority(env, 'CN=kubernetes') }),
    'when it names the cluster as its issuer and another key has signed': async () =>
      certificate({ signer: await makeAuthority(env, 'CN=somebody'), issuer: 'CN=kubernetes' }),
    "when the front proxies' authority has signed it": () => certificate({ signer: proxyCa }),
    'when it has expired': () => certificate({ signer: ca, fromMs: -2 * DAY_MS, toMs: -1000 }),
    'when it is not yet valid': () => certificate({ signer: ca, fromMs: 3600_000 }),
    'when it is for servers': () => certificate({ signer: ca, usage: ExtendedKeyUsage.serverAuth }),
    'when it is for signing code': () => certificate({ signer: ca, usage: ExtendedKeyUsage.codeSigning }),
    'when one that is no authority has signed it': async () => {
      const alice = await certificate({ signer: ca, name: 'CN=alice' })
      return chain(await certificate({ signer: alice }), alice)
    },
    "when its bytes were changed, such as the group's": async () => {
      const { cert, key } = await certificate({ signer: ca, name: 'O=system:mastert, CN=alice' })
      const der = Buffer.from(new X509Certificate(cert).raw)
      const at = der.indexOf('system:mastert')
      der.write('system:masters', at)
      return { cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`, key }
    },
  }
  for (const [name, make] of Object.entries(cases)) {
    test(name, async () => {
      const tls = await make()
      for (const path of ['/api/v1/namespaces', '/version']) {
        assert.equal(await server.refused(401, path, { as: undefined, tls }), 'Unauthorized')
      }
      await server.expect(200, '/api/v1/namespaces', { as: 'admin', tls })
    })
  }
})

test('one that the cluster signed for clients, or for whatever its holder likes, is taken', async () => {
  for (const usage of [ExtendedKeyUsage.clientAuth, null]) {
    const tls = await certificate({ signer: ca, usage })
    await server.expect(200, '/api/v1/namespaces', { as: undefined, tls })
  }
})

test('names with the signs of a distinguished name in them make nobody a master', async () => {
  for (const name of ['CN="alice,O=system:masters"', 'CN=alice\\, O\\=system:masters', 'CN=alice+OU=system:masters'])
    await server.expect(403, '/api/v1/namespaces', {
      as: undefined,
      tls: await certificate({ signer: ca, name }),
    })
})

test('headers of a front proxy count with its own certificate alone', async () => {
  const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }
  const alice = await certificate({ signer: ca, name: 'CN=alice' })
  assert.match(await server.refused(403, '/api/v1/namespaces', { as: undefined, tls: alice, headers }), /User "alice"/)
  const likeIt = await certificate({ signer: ca, name: 'CN=front-proxy-client' })
  await server.expect(403, '/api/v1/namespaces', { as: undefined, tls: likeIt, headers })
  const other = await certificate({ signer: proxyCa, name: 'CN=other-proxy' })
  await server.expect(401, '/api/v1/namespaces', { as: undefined, tls: other, headers })
  await server.expect(200, '/api/v1/namespaces', { as: undefined, tls: server.pki.frontProxy.client, headers })
})

test('a certificate that ends while its connection stands is good no longer', async () => {
  const { cert } = await certificate({ signer: ca, fromMs: -DAY_MS, toMs: 60_000 })
  const clientCertificate = new X509Certificate(cert).raw
  let now = env.clock.now()
  const authenticator = certificateAuthenticator(ca.cert, { now: () => now })
  const ask = async () => (await authenticator.authenticate({ headers: {}, path: '/', clientCertificate }))?.user.name
  assert.equal(await ask(), 'admin')
  now += 61_000
  await assert.rejects(ask, /x509: certificate has expired or is not yet valid/)
  now -= 2 * DAY_MS
  await assert.rejects(ask, /x509: certificate has expired or is not yet valid/)
})

test('while an authority is replaced, those of the old and of the new are known', async () => {
  const next = await makeAuthority(env, 'CN=kubernetes')
  const authenticator = certificateAuthenticator(next.cert + ca.cert, env.clock)
  for (const signer of [ca, next]) {
    const clientCertificate = new X509Certificate((await certificate({ signer })).cert).raw
    const found = await authenticator.authenticate({ headers: {}, path: '/', clientCertificate })
    assert.deepEqual(found?.user.groups, ['system:masters'])
  }
})
