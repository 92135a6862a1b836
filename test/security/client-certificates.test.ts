import 'reflect-metadata'
import assert from 'node:assert/strict'
import { type webcrypto, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { after, before, describe, test } from 'node:test'
import {
  BasicConstraintsExtension,
  Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
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

/** An authority below another one, which may be other than it should. */
async function below(signer: KeyPair, name: string, extensions: readonly Extension[] = AUTHORITY): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  return signedBy(signer, name, keys, extensions)
}

async function signedBy(
  signer: KeyPair,
  subject: string,
  keys: webcrypto.CryptoKeyPair,
  extensions: readonly Extension[],
  toMs = DAY_MS,
): Promise<KeyPair> {
  const now = env.clock.now()
  const made = await X509CertificateGenerator.create({
    serialNumber: serialNumber(env.random),
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + toMs),
    signingAlgorithm: ALGORITHM,
    subject,
    issuer: new Parsed(signer.cert).subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(signer.key),
    extensions: [...extensions],
  })
  return { cert: `${made.toString('pem')}\n`, key: await pem('PRIVATE KEY', keys.privateKey) }
}

/** Whether this Node shows a server the certificates above a client's. */
async function tellsWhatClientsSend(): Promise<boolean> {
  const one = await below(ca, 'CN=one')
  const tls = chain(await certificate({ signer: one }), one)
  const authorities = { cert: server.pki.serving.cert, key: server.pki.serving.key, ca: ca.cert }
  const listener = createServer({ ...authorities, requestCert: true, rejectUnauthorized: false })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...tls })
  const [socket] = (await once(listener, 'secureConnection')) as [TLSSocket]
  client.destroy()
  listener.close()
  return 'issuerCertificate' in socket.getPeerCertificate(true)
}

const AUTHORITY = [new BasicConstraintsExtension(true, undefined, true)]
const NO_AUTHORITY = [new BasicConstraintsExtension(false, undefined, true)]
/** permitted: DNS names under .example (RFC 5280 section 4.2.1.10). */
const NAMES = new Extension(
  '2.5.29.30',
  true,
  Buffer.from('300ca00a30088206' + Buffer.from('.examp').toString('hex'), 'hex'),
)

describe('a certificate that was signed through others is', () => {
  const list = '/api/v1/namespaces'
  /** Whom a server of this authority knows by a certificate that comes with others. */
  async function holder([leaf, ...above]: readonly KeyPair[], authority = ca.cert): Promise<string | undefined> {
    assert.ok(leaf)
    const sentWith = () => above.map(({ cert }) => new X509Certificate(cert).raw)
    const clientCertificate = Object.assign(new X509Certificate(leaf.cert).raw, { sentWith })
    const authenticator = certificateAuthenticator(authority, env.clock)
    const found = await authenticator.authenticate({ headers: {}, path: '/', clientCertificate })
    return found?.user.name
  }

  test('known with what the client sends, in any order', async () => {
    const one = await below(ca, 'CN=one')
    const two = await below(one, 'CN=two')
    const leaf = await certificate({ signer: two })
    assert.equal(await holder([await certificate({ signer: one }), one]), 'admin')
    assert.equal(await holder([leaf, two, one]), 'admin')
    assert.equal(await holder([leaf, one, two]), 'admin')
    assert.equal(await holder([leaf, two], one.cert), 'admin')
    await assert.rejects(holder([leaf, two]), /unknown authority/)
  })

  test('taken over TLS, when the client sends them', async (t) => {
    if (!(await tellsWhatClientsSend())) return t.skip('this Node does not tell what clients send')
    const one = await below(ca, 'CN=one')
    const two = await below(one, 'CN=two')
    for (const tls of [
      chain(await certificate({ signer: one }), one),
      chain(await certificate({ signer: two }), two, one),
    ])
      await server.expect(200, list, { as: undefined, tls })
  })

  test('refused, when one of them is missing', async () => {
    const one = await below(ca, 'CN=one')
    const two = await below(one, 'CN=two')
    for (const tls of [
      await certificate({ signer: one }),
      chain(await certificate({ signer: two }), two),
      chain(await certificate({ signer: two }), one),
    ])
      await server.refused(401, list, { as: undefined, tls })
  })

  const between: Readonly<Record<string, () => Promise<readonly KeyPair[]>>> = {
    'is no authority': async () => [await below(ca, 'CN=alice', NO_AUTHORITY)],
    'says nothing of being one': async () => [await below(ca, 'CN=alice', [])],
    'is an authority that does not sign certificates': async () => [
      await below(ca, 'CN=one', [...AUTHORITY, new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)]),
    ],
    'is for servers': async () => [
      await below(ca, 'CN=one', [...AUTHORITY, new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])]),
    ],
    'limits names': async () => [await below(ca, 'CN=one', [...AUTHORITY, NAMES])],
    'may have none below it': async () => {
      const one = await below(ca, 'CN=one', [new BasicConstraintsExtension(true, 0, true)])
      return [await below(one, 'CN=two'), one]
    },
    'is signed by the authority of front proxies': async () => [await below(proxyCa, 'CN=one')],
    'is signed by nobody who is known': async () => [await below(await makeAuthority(env, 'CN=kubernetes'), 'CN=one')],
  }
  for (const [what, make] of Object.entries(between)) {
    test(`refused, when one of them ${what}`, async () => {
      const [nearest, ...others] = await make()
      assert.ok(nearest)
      const leaf = await certificate({ signer: nearest })
      await assert.rejects(holder([leaf, nearest, ...others]), /x509: /)
      const tls = chain(leaf, nearest, ...others)
      await server.refused(401, list, { as: undefined, tls })
    })
  }

  test("refused, when the handshake's chain is that of front proxies, and the cluster signed the same key without making it an authority", async () => {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const proxies = await signedBy(proxyCa, 'CN=one', keys, AUTHORITY)
    const mine = await signedBy(ca, 'CN=one', keys, NO_AUTHORITY)
    const leaf = await certificate({ signer: proxies })
    for (const all of [
      [proxies, mine],
      [mine, proxies],
    ]) {
      await assert.rejects(holder([leaf, ...all]), /x509: /)
      const tls = chain(leaf, ...all)
      await server.refused(401, list, { as: undefined, tls })
    }
  })

  test('a proxy, when the authority of front proxies is at their end', async (t) => {
    if (!(await tellsWhatClientsSend())) return t.skip('this Node does not tell what clients send')
    const one = await below(proxyCa, 'CN=one')
    const tls = chain(await certificate({ signer: one, name: 'CN=front-proxy-client' }), one)
    const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }
    await server.expect(200, list, { as: undefined, tls, headers })
  })

  test('good no longer, when one of them has ended', async () => {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const one = await signedBy(ca, 'CN=one', keys, AUTHORITY, 60_000)
    const { cert } = await certificate({ signer: one })
    const sentWith = () => [new X509Certificate(one.cert).raw]
    const clientCertificate = Object.assign(new X509Certificate(cert).raw, { sentWith })
    let now = env.clock.now()
    const authenticator = certificateAuthenticator(ca.cert, { now: () => now })
    const ask = async () => (await authenticator.authenticate({ headers: {}, path: '/', clientCertificate }))?.user.name
    assert.equal(await ask(), 'admin')
    now += 61_000
    await assert.rejects(ask, /x509: certificate has expired or is not yet valid/)
  })
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
