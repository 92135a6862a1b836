import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectHttp2 } from 'node:http2'
import { afterEach, beforeEach, test } from 'node:test'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { type ApiServer, createApiServer } from '../server.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
let clock: VirtualClock
let server: ApiServer
let listener: HttpsListener
let held: Promise<void> | undefined
let release: () => void
let asked: () => void
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })

beforeEach(async () => {
  clock = new VirtualClock()
  held = undefined
  server = createApiServer({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: silentLogger },
    resources: [configMaps],
    authenticator: { authenticate: () => undefined },
    authorizer: {
      async authorize() {
        asked()
        await held
        return { decision: 'Allow' }
      },
    },
    admission: [],
  })
  asked = () => {}
  listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: testCertificate })
})

afterEach(async () => {
  await listener.close()
  agent.destroy()
})

interface Heard {
  readonly status: number | undefined
  readonly headers: Record<string, unknown>
  readonly text: string
}

function get(path: string): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: listener.port, path, agent }
    request(options, (response) => {
      response.toArray().then((chunks) => {
        const text = Buffer.concat(chunks as Buffer[]).toString()
        resolve({ status: response.statusCode, headers: response.headers, text })
      }, reject)
    })
      .on('error', reject)
      .end()
  })
}

/** A request that is under way and held there. */
async function underWay<T>(send: () => T): Promise<T> {
  held = new Promise((resolve) => (release = resolve))
  const begun = new Promise<void>((resolve) => (asked = resolve))
  const sent = send()
  await begun
  return sent
}

test('what is under way is answered, and nobody else is let in', async () => {
  const { answer } = await underWay(() => ({ answer: get(MAPS) }))
  let isDrained = false
  const drained = listener.drain({ graceMs: 60_000, listens: false }).then(() => (isDrained = true))
  const late = connectTcp(listener.port, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  assert.equal(isDrained, false)
  release()
  assert.equal((await answer).status, 200)
  await drained
})

test('over HTTP/2, too, and the client is told to go', async () => {
  const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
  const { stream } = await underWay(() => ({ stream: session.request({ ':path': MAPS }) }))
  const toldToGo = once(session, 'goaway')
  const drained = listener.drain({ graceMs: 60_000, listens: false })
  await toldToGo
  release()
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.equal(headers[':status'], 200)
  assert.match(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), /ConfigMapList/)
  await drained
  session.destroy()
})

test('watches are not waited for, nor what takes longer than it may', async () => {
  const watch = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
  const stream = watch.request({ ':path': `${MAPS}?watch=true` })
  stream.on('error', () => stream.destroy())
  await once(stream, 'response')
  await listener.drain({ graceMs: 60_000, listens: true })
  const { answer } = await underWay(() => ({ answer: get(MAPS) }))
  const drained = listener.drain({ graceMs: 60_000, listens: true })
  await clock.advance(59_000)
  await clock.advance(3000)
  await drained
  release()
  assert.ok([200, 504].includes((await answer).status ?? 0))
  watch.destroy()
})

test('who comes too late may be told so; probes are answered, and say that it ends', async () => {
  assert.equal((await get('/readyz')).status, 200)
  server.ending.begun = true
  const ready = await get('/readyz')
  assert.equal(ready.status, 500)
  assert.match(ready.text, /\[-\]shutdown failed: reason withheld/)
  server.ending.refuses = true
  await listener.drain({ graceMs: 60_000, listens: true })
  const refused = await get(MAPS)
  assert.equal(refused.status, 429)
  assert.equal(refused.text, 'The apiserver is shutting down, please try again later.\n')
  assert.equal(refused.headers['retry-after'], '5')
  assert.equal(refused.headers['connection'], 'close')
  assert.equal((await get('/livez')).status, 200)
})
