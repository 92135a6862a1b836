import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createGuard } from '../guard.ts'
import { handle } from '../inprocess/handle.ts'
import { createApiServer } from '../server.ts'
import { answerHttp } from './answer.ts'
import { limitsOf } from './limits.ts'
import type { Exchange } from './exchange.ts'

const MASTER = { name: 'master', groups: ['system:masters'] }
const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' }
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const MAPS = '/api/v1/namespaces/default/configmaps'

/** How often a function of JSON was called while `work` ran. */
async function calls(method: 'parse' | 'stringify', work: () => unknown): Promise<number> {
  const original = JSON[method]
  let count = 0
  const counting = (...args: unknown[]): unknown => {
    count++
    return Reflect.apply(original, JSON, args) as unknown
  }
  Object.assign(JSON, { [method]: counting })
  try {
    await work()
  } finally {
    Object.assign(JSON, { [method]: original })
  }
  return count
}

async function setUp() {
  const env = { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }
  const store = new MemoryStore({ clock: env.clock })
  const guard = createGuard({ store, env })
  const server = createApiServer({
    store,
    env,
    ...guard,
    authorizer: alwaysAllow,
    resources: [configMaps, namespaces, serviceAccounts],
  })
  await guard.start()
  const post = async (path: string, body: unknown) => {
    const answer = await handle(server, { method: 'POST', path, body }, MASTER)
    assert.ok(answer.status < 300, `${path}: ${answer.status}`)
    return answer.body as { status: { token: string } }
  }
  await post('/api/v1/namespaces', { metadata: { name: 'default' } })
  await post(ACCOUNTS, { metadata: { name: 'someone' } })
  await post(MAPS, { metadata: { name: 'one' }, data: { a: 'b' } })
  const { status } = await post(`${ACCOUNTS}/someone/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  const limits = limitsOf(env.clock, 1000)
  const send = (method: string, path: string, text = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      const exchange = {
        method,
        url: path,
        headers: { authorization: `Bearer ${status.token}` },
        incoming: Readable.from(text ? [Buffer.from(text)] : []),
        send: (_status: number, _headers: unknown, body: Uint8Array) => resolve(new TextDecoder().decode(body)),
        destroy: () => reject(new Error('destroyed')),
        onClose() {},
      }
      void answerHttp(server, exchange as unknown as Exchange, limits)
    })
  const watch = (path: string): Uint8Array[] => {
    const events: Uint8Array[] = []
    const out = { send: (event: Uint8Array) => void events.push(event), end() {}, unread: 0 }
    const headers = { authorization: `Bearer ${status.token}` }
    const exchange = { method: 'GET', url: path, headers, begin: () => out, destroy() {}, onClose() {} }
    void answerHttp(server, exchange as unknown as Exchange, limits)
    return events
  }
  const patch = (path: string, body: unknown) =>
    handle(server, { method: 'PATCH', path, body, headers: MERGE_PATCH }, MASTER)
  return { send, watch, patch, stop: () => guard.stop() }
}

test('a get of a known client parses and encodes nothing', async () => {
  const { send, stop } = await setUp()
  await send('GET', `${MAPS}/one`)
  let body = ''
  const parsed = await calls('parse', async () => (body = await send('GET', `${MAPS}/one`)))
  const encoded = await calls('stringify', () => send('GET', `${MAPS}/one`))
  stop()
  assert.match(body, /"data":\{"a":"b"\}\}\n$/)
  assert.deepEqual({ parsed, encoded }, { parsed: 0, encoded: 0 })
})

test('an event is encoded once for all who watch', async () => {
  const { send, watch, patch, stop } = await setUp()
  const list = JSON.parse(await send('GET', MAPS + '/one')) as { metadata: { resourceVersion: string } }
  const watches = Array.from({ length: 20 }, () =>
    watch(`${MAPS}?watch=1&resourceVersion=${list.metadata.resourceVersion}`),
  )
  // One more request of the same client: by then all of them are watching.
  await send('GET', `${MAPS}/one`)
  const { status } = await patch(`${MAPS}/one`, { data: { a: 'c' } })
  stop()
  assert.equal(status, 200)
  const [first, ...others] = watches
  assert.equal(first?.length, 1)
  for (const events of others) assert.equal(events[0], first?.[0])
})

test('a create parses its body, and nothing else', async () => {
  const { send, stop } = await setUp()
  await send('POST', MAPS, '{"metadata":{"name":"two"},"data":{"a":"b"}}')
  const parsed = await calls('parse', () => send('POST', MAPS, '{"metadata":{"name":"three"},"data":{"a":"b"}}'))
  stop()
  assert.equal(parsed, 1)
})
