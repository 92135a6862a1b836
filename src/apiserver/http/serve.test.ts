import assert from 'node:assert/strict'
import { connect, type ClientHttp2Session } from 'node:http2'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

let listener: HttpsListener
let session: ClientHttp2Session
const MAPS = '/api/v1/namespaces/default/configmaps'

before(async () => {
  const server = createApiServer({
    store: new MemoryStore({ clock: systemClock }),
    env: { clock: systemClock, random: seededRandom(1), log: silentLogger },
    resources: [configMaps],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
  })
  listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  session = connect(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
})

after(async () => {
  await new Promise<void>((resolve) => session.close(resolve))
  await listener.close()
})

interface Reply {
  readonly status: number
  readonly body: { metadata?: { name?: string }; items?: unknown[]; message?: string }
}

function http1(method: string, path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: listener.port, method, path, rejectUnauthorized: false }
    const request = httpsRequest(options, (response) => {
      response.toArray().then((chunks) => {
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
      }, reject)
    })
    request.on('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function http2(method: string, path: string, body?: unknown): Promise<Reply> {
  const stream = session.request({ ':method': method, ':path': path })
  const status = new Promise<number>((resolve) => stream.on('response', (headers) => resolve(headers[':status'] ?? 0)))
  stream.end(body === undefined ? undefined : JSON.stringify(body))
  const chunks = (await stream.toArray()) as Buffer[]
  return { status: await status, body: JSON.parse(Buffer.concat(chunks).toString()) }
}

for (const [name, send] of Object.entries({ http1, http2 })) {
  test(`${name}: create, get, list, delete over TLS`, async () => {
    const created = await send('POST', MAPS, { metadata: { name }, data: { a: 'ä' } })
    assert.equal(created.status, 201)
    const read = await send('GET', `${MAPS}/${name}`)
    assert.deepEqual(read.body, created.body)
    assert.equal((await send('GET', MAPS)).body.items?.length, 1)
    assert.equal((await send('DELETE', `${MAPS}/${name}`)).status, 200)
    const gone = await send('GET', `${MAPS}/${name}`)
    assert.equal(gone.status, 404)
    assert.equal(gone.body.message, `configmaps "${name}" not found`)
  })

  test(`${name}: a body over 3 MiB is refused`, async () => {
    const large = await send('POST', MAPS, { metadata: { name: 'large' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } })
    assert.equal(large.status, 413)
    assert.match(large.body.message ?? '', /limit is 3145728/)
  })
}

test('a watch streams one JSON object to a line', async () => {
  const stream = session.request({ ':path': `${MAPS}?watch=true` })
  stream.setEncoding('utf8')
  await new Promise((resolve) => stream.once('response', resolve))
  await http1('POST', MAPS, { metadata: { name: 'watched' } })
  const [line] = (await stream.take(1).toArray()) as string[]
  const event = JSON.parse(line ?? '') as { type: string; object: { metadata: { name: string } } }
  assert.equal(event.type, 'ADDED')
  assert.equal(event.object.metadata.name, 'watched')
})

test('over HTTP/1.1 a watch is chunked, ends as it should, and leaves the connection to the next request', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const options = { host: '127.0.0.1', port: listener.port, rejectUnauthorized: false, agent }
  const get = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) =>
      httpsRequest({ ...options, path }, resolve)
        .on('error', reject)
        .end(),
    )
  const watch = await get(`${MAPS}?watch=true&resourceVersion=1&timeoutSeconds=1`)
  await http1('POST', MAPS, { metadata: { name: 'first' } })
  await http1('POST', MAPS, { metadata: { name: 'second' } })
  const lines = Buffer.concat((await watch.toArray()) as Buffer[])
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { object: { metadata: { name: string } } })
  assert.deepEqual(lines.map(({ object }) => object.metadata.name).slice(-2), ['first', 'second'])
  const next = await get(`${MAPS}/first`)
  await next.toArray()
  assert.equal(next.statusCode, 200)
  assert.equal(next.socket, watch.socket)
  agent.destroy()
})

test('a client that reads slowly gets all that is there when its watch begins, however much', async () => {
  const maps = '/api/v1/namespaces/large/configmaps'
  const data = { text: 'x'.repeat(900_000) }
  const count = 60
  for (let i = 0; i < count; i++) await http1('POST', maps, { metadata: { name: `m-${i}` }, data })
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const stream = session.request({ ':path': `${maps}?${query}` })
  await new Promise((resolve) => stream.once('response', resolve))
  // As long as another request takes, nothing is read.
  await http1('GET', `${maps}/m-1`)
  const types: string[] = []
  for await (const line of createInterface({ input: stream })) {
    const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { annotations?: object } } }
    types.push(type)
    if (object.metadata.annotations) break
  }
  const closed = new Promise((resolve) => stream.once('close', resolve))
  stream.close()
  await closed
  assert.deepEqual(types, [...Array.from({ length: count }, () => 'ADDED'), 'BOOKMARK'])
})
