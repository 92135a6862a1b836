import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { connect as connectHttp2 } from 'node:http2'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { connect, type ConnectionOptions } from 'node:tls'
import { after, before, describe, test } from 'node:test'
import { apiConfig } from '../../src/cmd/server/api-config/config.ts'
import { servingTls, watchCertificates } from '../../src/cmd/server/serving-tls.ts'
import { makeAuthority, makeCertificate, type KeyPair } from '../../src/cmd/server/certificates.ts'
import { VirtualClock } from '../../src/lib/clock.ts'
import { env, SecureServer } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-tls-'))
const file = (name: string): string => join(folder, name)
let authority: KeyPair
let plain: SecureServer
let told: SecureServer

async function written(name: string, ...serves: string[]): Promise<readonly [string, string]> {
  const { cert, key } = await makeCertificate(env, authority, { name: `CN=${name}`, serves })
  writeFileSync(file(`${name}.crt`), cert)
  writeFileSync(file(`${name}.key`), key, { mode: 0o600 })
  return [file(`${name}.crt`), file(`${name}.key`)]
}

before(async () => {
  authority = await makeAuthority(env, 'CN=somebody')
  plain = await SecureServer.start()
  const [cert, key] = await written('default', '127.0.0.1', 'localhost')
  const other = await written('other', 'other.example', '*.wild.example')
  const patterns = await written('told', 'not.used.example')
  told = await SecureServer.start({
    'tls-cert-file': [cert],
    'tls-private-key-file': [key],
    'tls-sni-cert-key': [other.join(','), `${patterns.join(',')}:told.example,*.wild.example`],
    'tls-min-version': ['VersionTLS12'],
    'tls-cipher-suites': ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    'disable-http2-serving': ['true'],
    'strict-transport-security-directives': ['max-age=31536000,includeSubDomains'],
    'cors-allowed-origins': ['^https://dash\\.example$'],
  })
})

after(async () => {
  await plain[Symbol.asyncDispose]()
  await told[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('old TLS and weak ciphers are refused', () => {
  const WEAK: Readonly<Record<string, ConnectionOptions>> = {
    'TLS 1.0': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'TLS 1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'no encryption': { maxVersion: 'TLSv1.2', ciphers: 'NULL@SECLEVEL=0' },
    'no authentication': { maxVersion: 'TLSv1.2', ciphers: 'aNULL@SECLEVEL=0' },
    'a key that is not forgotten': { maxVersion: 'TLSv1.2', ciphers: 'kRSA@SECLEVEL=0' },
    'a shared key': { maxVersion: 'TLSv1.2', ciphers: 'PSK@SECLEVEL=0' },
  }
  for (const [name, tls] of Object.entries(WEAK))
    test(name, async () => assert.notEqual(await plain.handshakeError(tls), undefined))
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`${version} is spoken`, async () => {
      assert.equal(await plain.handshakeError({ minVersion: version, maxVersion: version }), undefined)
    })
})

test('nobody shakes hands anew on a connection', async () => {
  const connection = await plain.raw({ maxVersion: 'TLSv1.2' })
  const refused = new Promise<boolean>((resolve) => {
    connection.socket.once('close', () => resolve(true))
    const begun = connection.socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error !== null))
    if (!begun) resolve(true)
  })
  assert.equal(await refused, true)
})

async function shown(server: SecureServer, servername?: string): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.api.listener.port,
    rejectUnauthorized: false,
    ...(servername !== undefined && { servername }),
  })
  await once(socket, 'secureConnect')
  const { subject = '' } = socket.getPeerX509Certificate() ?? {}
  socket.destroy()
  return subject
}

describe('flags of kube-apiserver on how it is served', () => {
  test('--tls-cert-file, --tls-sni-cert-key: by name, names that are told first', async () => {
    assert.equal(await shown(plain), 'CN=kube-apiserver')
    assert.equal(await shown(told), 'CN=default')
    assert.equal(await shown(told, 'unknown.example'), 'CN=default')
    assert.equal(await shown(told, 'other.example'), 'CN=other')
    assert.equal(await shown(told, 'TOLD.example'), 'CN=told')
    assert.equal(await shown(told, 'a.wild.example'), 'CN=told')
    assert.equal(await shown(told, 'not.used.example'), 'CN=default')
  })

  test('client certificates count under every name', async () => {
    const { cert, key } = told.pki.admin
    for (const servername of ['told.example', 'localhost']) {
      const raw = await told.raw({ servername, cert, key, rejectUnauthorized: false })
      await raw.send('GET /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').until(/200 OK/)
    }
  })

  test('--tls-cipher-suites', async () => {
    const base = { rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
    assert.notEqual(await told.handshakeError({ ...base, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), undefined)
    assert.equal(await told.handshakeError({ ...base, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }), undefined)
    assert.equal(await told.handshakeError({ rejectUnauthorized: false, minVersion: 'TLSv1.3' }), undefined)
  })

  test('--tls-min-version=VersionTLS13', async () => {
    await using strict = await SecureServer.start({ 'tls-min-version': ['VersionTLS13'] })
    assert.notEqual(await strict.handshakeError({ maxVersion: 'TLSv1.2' }), undefined)
    assert.equal(await strict.handshakeError({}), undefined)
  })

  test('--disable-http2-serving, --http2-max-streams-per-connection', async () => {
    const offered = async (server: SecureServer): Promise<string | false | null> => {
      const { socket } = await server.raw({ ALPNProtocols: ['h2', 'http/1.1'], rejectUnauthorized: false })
      socket.destroy()
      return socket.alpnProtocol
    }
    assert.deepEqual([await offered(plain), await offered(told)], ['h2', 'http/1.1'])
    await using few = await SecureServer.start({ 'http2-max-streams-per-connection': ['7'] })
    for (const [server, streams] of [
      [plain, 250],
      [few, 7],
    ] as const) {
      const session = connectHttp2(`https://127.0.0.1:${server.api.listener.port}`, { ca: server.pki.ca.cert })
      await once(session, 'remoteSettings')
      assert.equal(session.remoteSettings.maxConcurrentStreams, streams)
      session.destroy()
    }
  })

  test('--strict-transport-security-directives', async () => {
    const tls = { rejectUnauthorized: false }
    for (const [path, as] of [
      ['/version', 'admin'],
      ['/api/v1/nodes', 'dave'],
      ['/nothing', 'admin'],
    ] as const) {
      const { headers } = await told.send(path, { as, tls })
      assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')
    }
    assert.equal((await plain.send('/version')).headers['strict-transport-security'], undefined)
  })

  test('--cors-allowed-origins: pages of these alone', async () => {
    const tls = { rejectUnauthorized: false }
    const ask = (origin: string, method = 'GET') => told.send('/version', { tls, method, headers: { origin } })
    const allowed = await ask('https://dash.example')
    assert.equal(allowed.headers['access-control-allow-origin'], 'https://dash.example')
    assert.equal(allowed.headers['access-control-allow-credentials'], 'true')
    for (const origin of [
      'https://dash.example.evil',
      'https://evil.example',
      'null',
      'http://dash.example',
      'https://dashXexample',
    ])
      assert.equal((await ask(origin)).headers['access-control-allow-origin'], undefined, origin)
    const asked = await ask('https://dash.example', 'OPTIONS')
    assert.deepEqual([asked.status, asked.text], [204, ''])
    assert.notEqual((await ask('https://evil.example', 'OPTIONS')).status, 204)
    const { headers } = await plain.send('/version', { headers: { origin: 'https://dash.example' } })
    assert.equal(headers['access-control-allow-origin'], undefined)
  })

  test('--event-ttl', async () => {
    await using server = await SecureServer.start({ 'event-ttl': ['30ms'] })
    const events = '/api/v1/namespaces/default/events'
    const event = {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Node', name: 'n', namespace: 'default' },
      reason: 'X',
      type: 'Normal',
    }
    await server.create(events, event)
    while ((await server.send(`${events}/e`)).status !== 404) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a certificate that is renewed is shown without a restart; half a pair is not', async () => {
    const [cert, key] = await written('first', '127.0.0.1')
    const clock = new VirtualClock()
    const { serving } = apiConfig({ 'tls-cert-file': [cert], 'tls-private-key-file': [key] })
    const seen: string[] = []
    const stop = watchCertificates({ ...env, clock }, serving, (now) => {
      seen.push(new X509Certificate(servingTls(plain.pki, now).cert).subject)
    })
    await clock.advance(60_000)
    const second = await makeCertificate(env, authority, { name: 'CN=second', serves: ['127.0.0.1'] })
    writeFileSync(cert, second.cert)
    await clock.advance(60_000)
    assert.deepEqual(seen, [])
    writeFileSync(key, second.key)
    await clock.advance(60_000)
    stop()
    assert.deepEqual(seen, ['CN=second'])
  })

  const BAD: Readonly<Record<string, readonly [flags: Record<string, readonly string[]>, message: string | RegExp]>> = {
    'an unknown version': [{ 'tls-min-version': ['TLSv1.2'] }, 'unknown tls version "TLSv1.2"'],
    'an unknown suite': [{ 'tls-cipher-suites': ['TLS_FAST'] }, "Cipher suite TLS_FAST not supported or doesn't exist"],
    'a certificate alone': [{ 'tls-cert-file': ['/nowhere'] }, 'missing filename for serving cert'],
    'files that are not there': [
      { 'tls-cert-file': ['/no/c'], 'tls-private-key-file': ['/no/k'] },
      /^cannot serve with \/no\/c and \/no\/k: ENOENT/,
    ],
    'a pair of one': [
      { 'tls-sni-cert-key': ['a.crt'] },
      'invalid argument "a.crt" for "--tls-sni-cert-key" flag: expected comma separated certificate and key file paths',
    ],
    'no names': [
      { 'tls-sni-cert-key': ['a,b:'] },
      'invalid argument "a,b:" for "--tls-sni-cert-key" flag: empty names list is not allowed',
    ],
    'a directive that is none': [
      { 'strict-transport-security-directives': ['max-age'] },
      /^--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload\./,
    ],
    'an origin without ends (CVE-2022-1996)': [
      { 'cors-allowed-origins': ['dash.example'] },
      /does not pin to start\/end of host in the origin header/,
    ],
    'an origin that is no expression': [
      { 'cors-allowed-origins': ['^(http$'] },
      /^--cors-allowed-origins has an invalid regular expression: error parsing regexp: missing closing \)/,
    ],
  }
  for (const [name, [flags, message]] of Object.entries(BAD))
    test(`refused before anything listens: ${name}`, () => assert.throws(() => apiConfig(flags), { message }))

  test('refused before anything listens: a key of another certificate', async () => {
    const [cert] = await written('one', '127.0.0.1')
    const [, key] = await written('two', '127.0.0.1')
    assert.throws(
      () => apiConfig({ 'tls-cert-file': [cert], 'tls-private-key-file': [key] }),
      /private key does not match public key/,
    )
  })
})
