import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { nextTurn } from '../../lib/turn.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { ByteBudget } from './byte-budget.ts'
import { type Limits, limitsOf, REQUEST_MS } from './limits.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { MOST_UNREAD_BYTES, type Reader, SlowReaders } from './slow-readers.ts'
import { testCertificate } from './test-certificate.ts'

const clock = new VirtualClock()
const MAPS = '/api/v1/namespaces/default/configmaps'
const KB = 1024
const LARGE = new Uint8Array(32 * KB * KB)
const limits: Limits = {
  ...limitsOf(clock),
  bodies: new ByteBudget(300 * KB),
  answers: new ByteBudget(300 * KB),
}
let listener: HttpsListener

before(async () => {
  const server = createApiServer({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: silentLogger },
    resources: [configMaps, namespaces],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
    // More than the buffers of a connection hold.
    routes: [{ path: '/large', answer: () => ({ type: 'raw', status: 200, headers: {}, body: LARGE }) }],
  })
  listener = await serveHttps(server, {
    port: 0,
    host: '127.0.0.1',
    tls: testCertificate,
    limits,
    goawayChance: 1,
  })
})

after(() => listener.close())

interface Heard {
  readonly status: number | undefined
  readonly retryAfter: string | undefined
  readonly text: string
}

/** Sends all but the last byte of a body, and that when `finish` is called. */
function post(name: string, bytes: number): { readonly answer: Promise<Heard>; finish(): void } {
  const body = JSON.stringify({ metadata: { name }, data: { text: 'x'.repeat(bytes) } })
  const out = request({
    port: listener.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: false,
    method: 'POST',
    path: MAPS,
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  })
  const answer = new Promise<Heard>((resolve, reject) => {
    out.on('error', reject)
    out.on('response', (response) => {
      let text = ''
      response.on('data', (data: Buffer) => (text += data.toString()))
      response.on('end', () => {
        resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'], text })
      })
    })
  })
  out.write(body.slice(0, -1))
  return { answer, finish: () => out.end(body.slice(-1)) }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn()
}

test('bodies that there is no room for are refused before they are read, and may come again', async () => {
  const first = post('first', 200 * KB)
  await until(() => limits.bodies.taken > 0)
  const second = post('second', 200 * KB)
  const { status, retryAfter, text } = await second.answer
  assert.deepEqual([status, retryAfter], [429, '1'])
  assert.match(text, /"message":"Too many requests, please try again later."[^]*"reason":"TooManyRequests"/)
  first.finish()
  assert.equal((await first.answer).status, 201)
  await until(() => limits.bodies.taken === 0)
  const again = post('second', 200 * KB)
  again.finish()
  assert.equal((await again.answer).status, 201)
})

async function reader(): Promise<TLSSocket> {
  const socket = connect({
    port: listener.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  socket.on('error', () => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

test('who does not read a large answer is cut off in time, and meanwhile there is room for only so many', async () => {
  const slow = await reader()
  slow.pause()
  slow.write(`GET /large HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until(() => limits.answers.taken > 0)
  const other = await reader()
  let heard = ''
  other.on('data', (data: Buffer) => (heard += data.toString()))
  other.write(`GET /large HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until(() => heard.includes('TooManyRequests'))
  assert.match(heard, /^HTTP\/1\.1 429 [^]*retry-after: 1/)
  await clock.advance(REQUEST_MS * 1.25)
  await until(() => limits.answers.taken === 0)
  other.destroy()
  slow.destroy()
})

test('a client of HTTP/2 is sent away now and then, and hears its answer first', async () => {
  const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
  const gone = once(session, 'goaway')
  const stream = session.request({ ':path': '/version' })
  let text = ''
  stream.on('data', (data: Buffer) => (text += data.toString()))
  await once(stream, 'end')
  assert.match(text, /gitVersion/)
  await gone
  session.close()
})

test('one request always has room, and what is given back can be taken again', () => {
  const budget = new ByteBudget(10)
  assert.equal(budget.take(100), true)
  assert.equal(budget.take(1), false)
  budget.give(100)
  assert.deepEqual([budget.take(6), budget.take(4), budget.take(1)], [true, true, false])
})

/** A watcher that has so much unread. */
class Watcher implements Reader {
  unread = 0
  isCut = false

  cut(): void {
    this.isCut = true
  }
}

const MB = 1024 * KB

test('a watcher is cut when it leaves too much unread, or stays behind for half a minute', async () => {
  const readers = new SlowReaders(clock, 100 * MB)
  const [full, behind, catching] = [new Watcher(), new Watcher(), new Watcher()]
  full.unread = MOST_UNREAD_BYTES + 1
  readers.sending(full)
  assert.equal(full.isCut, true)
  behind.unread = catching.unread = 2 * MB
  readers.sending(behind)
  readers.sending(catching)
  await clock.advance(20_000)
  catching.unread = 0
  readers.sending(catching)
  await clock.advance(11_000)
  catching.unread = 2 * MB
  readers.sending(catching)
  readers.sending(behind)
  assert.deepEqual([behind.isCut, catching.isCut], [true, false])
})

test('when all slow watchers together leave too much unread, the slowest goes, but who was sent it all at once has a second', async () => {
  const readers = new SlowReaders(clock, 10 * MB)
  const watchers = [3, 5, 4].map((mb) => Object.assign(new Watcher(), { unread: mb * MB }))
  for (const watcher of watchers) assert.equal(readers.sending(watcher), true)
  await clock.advance(1000)
  for (const watcher of watchers.slice(0, 1)) readers.sending(watcher)
  assert.deepEqual(
    watchers.map(({ isCut }) => isCut),
    [false, true, false],
  )
})
