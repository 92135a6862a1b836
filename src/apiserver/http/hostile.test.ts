import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { REQUEST_MS } from './limits.ts'
import { FIRST_HEAD_MS, IDLE_MS } from './idle.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'
import { RawConnection } from './test-connection.ts'

const clock = new VirtualClock()
const faults: unknown[] = []
let listener: HttpsListener

before(async () => {
  const server = createApiServer({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: { ...silentLogger, error: (_, fields) => void faults.push(fields) } },
    resources: [configMaps, namespaces],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
  })
  listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: testCertificate })
})

after(async () => {
  assert.deepEqual(faults, [])
  await listener.close()
})

/** A new client that sends what it likes. */
async function open(): Promise<RawConnection> {
  const options = { port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }
  const socket = connect(options)
  const raw = new RawConnection(socket)
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  return raw
}

const HOST = 'Host: a\r\n'
const LIST = '/api/v1/namespaces'
const post = (headers: string, body: string): string => `POST ${LIST} HTTP/1.1\r\n${HOST}${headers}\r\n${body}`
const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`

/** Nobody may understand a request otherwise than a proxy before us does (RFC 9112, 6.1, 6.3 and 11.2). */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'a length and chunks': post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  'two lengths': post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'),
  'a length with a sign': post('Content-Length: +2\r\n', '{}'),
  'chunks that are not last': post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'),
  'an unknown encoding': post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
  'lines that end in LF alone': `GET ${LIST} HTTP/1.1\nHost: a\n\n`,
  'a space before the colon': get(LIST, 'X : a\r\n'),
  'a folded header': get(LIST, 'X: a\r\n b\r\n'),
  'a NUL in the path': get(`${LIST}\0`),
  'no host': `GET ${LIST} HTTP/1.1\r\n\r\n`,
  'an LF in a chunk extension': post('Transfer-Encoding: chunked\r\n', '2;\n{}\r\n0\r\n\r\n'),
}

for (const [name, text] of Object.entries(AMBIGUOUS)) {
  test(`refused, and the connection closed: ${name}`, async () => {
    const answers = await (await open()).send(text + get('/version')).closed()
    assert.match(answers, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(answers.match(/HTTP\/1\.1 /g)?.length, 1, answers)
  })
}

test('requests that are sent at once are answered one after another', async () => {
  const raw = await open()
  const answers = await raw
    .send(get('/livez') + get(`${LIST}?limit=1`) + get('/readyz'))
    .until(/ok[^]*NamespaceList[^]*ok$/)
  assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 3)
  raw.socket.destroy()
})

test('heads are bounded like upstream’s, at a megabyte', async () => {
  const raw = await open()
  await raw
    .send(get(`${LIST}?${'a=b&'.repeat(20_000)}`, `X: ${'x'.repeat(200_000)}\r\n`))
    .until(/200 OK[^]*NamespaceList/)
  raw.socket.destroy()
  const large = await open()
  await large
    .send(get('/version', `X: ${'x'.repeat(1_100_000)}\r\n`))
    .until(/^HTTP\/1\.1 431 Request Header Fields Too Large/)
  large.socket.destroy()
})

test('bodies are bounded without a length, too', async () => {
  const raw = await open()
  raw.send(post('Transfer-Encoding: chunked\r\n', `400000\r\n${'x'.repeat(0x400000)}\r\n0\r\n\r\n`))
  await raw.until(/413 Payload Too Large[^]*Request entity too large: limit is 3145728/)
  raw.socket.destroy()
})

test('a compressed body is not unpacked', async () => {
  const raw = await open()
  await raw.send(post('Content-Encoding: gzip\r\nContent-Length: 4\r\n', '\x1f\x8b\b\0')).until(/400 Bad Request/)
  raw.socket.destroy()
})

test('who sends a head byte by byte is cut off', async () => {
  const raw = await open()
  raw.send('GET /livez HT')
  await pass(FIRST_HEAD_MS)
  assert.equal(await raw.closed(), '')
})

test('who keeps a connection for nothing is cut off; who watches is not', async () => {
  const [idle, watching] = [await open(), await open()]
  await idle.send(get('/livez')).until(/ok$/)
  await watching.send(get(`${LIST}?watch=true&timeoutSeconds=600`)).until(/200 OK/)
  await pass(IDLE_MS)
  await idle.closed()
  assert.equal(watching.socket.closed, false)
  watching.socket.destroy()
})

test('who sends a body byte by byte is told so', async () => {
  const raw = await open()
  raw.send(post('Content-Length: 100\r\n', '{"me'))
  await pass(REQUEST_MS)
  await raw.until(/HTTP\/1\.1 /)
  assert.match(raw.received, /504 Gateway Timeout[^]*allotted timeout/)
  raw.socket.destroy()
})

test('garbage in the middle of a watch ends it, and is not answered within', async () => {
  const raw = await open()
  await raw.send(get(`${LIST}?watch=true`)).until(/200 OK/)
  assert.doesNotMatch(await raw.send('garbage\r\n\r\n').closed(), /400/)
})

const WEBSOCKET = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

test('a WebSocket that breaks the protocol ends alone', async () => {
  const raw = await open()
  await raw.send(get(`${LIST}?watch=true`, WEBSOCKET + KEY)).until(/101 Switching Protocols/)
  await raw.send('\xff'.repeat(40)).closed()
  const other = await open()
  await other.send(get('/livez')).until(/ok$/)
  other.socket.destroy()
})

test('a WebSocket without a key is refused', async () => {
  assert.match(await (await open()).send(get(`${LIST}?watch=true`, WEBSOCKET)).closed(), /^HTTP\/1\.1 400/)
})

test('HTTP/2: streams that are reset at once, without end', async () => {
  const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
  session.on('error', () => session.destroy())
  for (let i = 0; i < 500 && !session.destroyed; i++) {
    const stream = session.request({ ':path': LIST })
    stream.on('error', () => stream.destroy())
    stream.close(8)
  }
  session.destroy()
  const raw = await open()
  await raw.send(get('/livez')).until(/ok$/)
  raw.socket.destroy()
})

/** Time passes once the server has read what was sent: another connection's answer says so. */
async function pass(ms: number): Promise<void> {
  const other = await open()
  await other.send(get('/livez')).until(/ok$/)
  other.socket.destroy()
  await clock.advance(ms * 1.25 + 1)
}
