import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeList, KubeObject } from '../../apimachinery/meta.ts'
import type { Status } from '../../apimachinery/status.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { TestServer } from '../test-server.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
type ConfigMap = KubeObject & { data?: Record<string, string> }

const names = ({ items }: KubeList<KubeObject>): (string | undefined)[] => items.map(({ metadata }) => metadata.name)
const map = (name: string, labels?: Record<string, string>): unknown => ({
  metadata: { name, ...(labels && { labels }) },
})
const pod = (name: string, finalizers?: string[]): unknown => ({
  metadata: { name, ...(finalizers && { finalizers }) },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox' }] },
})

async function withMaps(...all: string[]): Promise<TestServer> {
  const server = new TestServer()
  for (const name of all) await server.create(MAPS, map(name))
  return server
}

test('patches: json, merge and strategic, and again after a conflict', async () => {
  const server = await withMaps('a')
  assert.deepEqual((await server.patch<ConfigMap>(200, 'merge', `${MAPS}/a`, { data: { x: '1', y: '2' } })).data, {
    x: '1',
    y: '2',
  })
  assert.deepEqual((await server.patch<ConfigMap>(200, 'strategic', `${MAPS}/a`, { data: { y: null } })).data, {
    x: '1',
  })
  const add = [{ op: 'add', path: '/data/z', value: '3' }]
  assert.deepEqual((await server.patch<ConfigMap>(200, 'json', `${MAPS}/a`, add)).data, { x: '1', z: '3' })
  await Promise.all(
    ['p', 'q', 'r', 's'].map((key) => server.patch(200, 'merge', `${MAPS}/a`, { data: { [key]: key } })),
  )
  assert.deepEqual((await server.get<ConfigMap>(`${MAPS}/a`)).data, { p: 'p', q: 'q', r: 'r', s: 's', x: '1', z: '3' })
  const stale = await server.patch<Status>(409, 'merge', `${MAPS}/a`, {
    metadata: { resourceVersion: '2' },
    data: { n: '1' },
  })
  assert.match(stale.message ?? '', /the object has been modified; please apply your changes/)
  await server.patch(404, 'merge', `${MAPS}/none`, {})
  const wrong = await server.send('PATCH', `${MAPS}/a`, {}, { 'content-type': 'text/plain' })
  assert.equal(wrong.status, 415)
})

test('a resourceVersion on what is to be created is refused by the store alone: after validation, and not in a dry run', async () => {
  const server = await withMaps()
  const sent = (name: string, resourceVersion: string): unknown => ({ metadata: { name, resourceVersion } })
  const message = 'resourceVersion should not be set on objects to be created'
  assert.equal((await server.expect<Status>(500, 'POST', MAPS, sent('a', '5'))).message, message)
  await server.expect(422, 'POST', MAPS, sent('Not A Name', '5'))
  const dry = await server.expect(201, 'POST', `${MAPS}?dryRun=All`, sent('a', '5'))
  assert.equal(dry.metadata.resourceVersion, '5')
  for (const [i, none] of ['', '0', '00', 'abc'].entries()) await server.expect(201, 'POST', MAPS, sent(`b${i}`, none))
  const { items } = await server.list(MAPS)
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['b0', 'b1', 'b2', 'b3'],
  )
})

test('a write that changes nothing gives no new resourceVersion', async () => {
  const server = await withMaps('a')
  const before = await server.get(`${MAPS}/a`)
  const { metadata, ...rest } = before
  const put = await server.expect(200, 'PUT', `${MAPS}/a`, { ...rest, metadata: { ...metadata, resourceVersion: '' } })
  assert.equal(put.metadata.resourceVersion, metadata.resourceVersion)
  const patched = await server.patch(200, 'merge', `${MAPS}/a`, { metadata: { labels: {} } })
  assert.equal(patched.metadata.resourceVersion, metadata.resourceVersion)
})

test('lists come in pages of one revision', async () => {
  const server = await withMaps('a', 'b', 'c', 'd', 'e')
  const first = await server.list(`${MAPS}?limit=2`)
  assert.deepEqual(names(first), ['a', 'b'])
  assert.equal(first.metadata.remainingItemCount, 3)
  await server.create(MAPS, map('bb'))
  const second = await server.list(`${MAPS}?limit=2&continue=${first.metadata.continue}`)
  assert.deepEqual(names(second), ['c', 'd'])
  assert.equal(second.metadata.remainingItemCount, 1)
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion)
  const last = await server.list(`${MAPS}?limit=2&continue=${second.metadata.continue}`)
  assert.deepEqual(names(last), ['e'])
  assert.equal(last.metadata.continue, undefined)
  const bad = await server.expect<Status>(400, 'GET', `${MAPS}?limit=2&continue=xyz`)
  assert.match(bad.message ?? '', /^invalid continue token: continue key is not valid/)
})

test('lists select by labels and fields', async () => {
  const server = new TestServer()
  await server.create(MAPS, map('a', { app: 'x' }))
  await server.create(MAPS, map('b', { app: 'y' }))
  await server.create('/api/v1/namespaces/other/configmaps', map('a', { app: 'x' }))
  assert.deepEqual(names(await server.list(`${MAPS}?labelSelector=app%3Dx`)), ['a'])
  assert.deepEqual(names(await server.list('/api/v1/configmaps?labelSelector=app')), ['a', 'b', 'a'])
  assert.deepEqual(names(await server.list(`${MAPS}?fieldSelector=metadata.name%3Db`)), ['b'])
  assert.deepEqual(names(await server.list('/api/v1/configmaps?fieldSelector=metadata.namespace!%3Ddefault')), ['a'])
  const first = await server.list(`${MAPS}?limit=1&labelSelector=app`)
  assert.equal(first.metadata.remainingItemCount, undefined)
  assert.ok(first.metadata.continue)
  const unknown = await server.expect<Status>(400, 'GET', `${PODS}?fieldSelector=spec.foo%3Db`)
  assert.equal(unknown.message, 'field label not supported: spec.foo')
})

test('resourceVersion of a list: too old, too new, exact', async () => {
  const clock = new VirtualClock()
  const server = new TestServer({ env: { clock, random: seededRandom(1), log: silentLogger } })
  for (const name of ['a', 'b', 'c']) await server.create(MAPS, map(name))
  const exact = await server.list(`${MAPS}?resourceVersion=3&resourceVersionMatch=Exact`)
  assert.deepEqual(names(exact), ['a', 'b'])
  await server.server.registry.store.compact(4)
  const old = await server.expect<Status>(410, 'GET', `${MAPS}?resourceVersion=2&resourceVersionMatch=Exact`)
  assert.equal(old.reason, 'Expired')
  const future = server.expect<Status>(504, 'GET', `${MAPS}?resourceVersion=99`)
  await clock.advance(4000)
  const late = await future
  assert.equal(late.message, 'Timeout: Too large resource version: 99, current: 4')
  assert.equal(late.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge')
  await server.expect(422, 'GET', `${MAPS}?resourceVersionMatch=Exact`)
})

test('a watch shows objects that come into and leave its selection', async () => {
  const server = await withMaps('a')
  const seen = await server.watch(`${MAPS}?watch=1&labelSelector=on&resourceVersion=2`, 4, async () => {
    await server.patch(200, 'merge', `${MAPS}/a`, { metadata: { labels: { on: '1' } } })
    await server.patch(200, 'merge', `${MAPS}/a`, { data: { x: '1' } })
    await server.patch(200, 'merge', `${MAPS}/a`, { metadata: { labels: { on: null } } })
    await server.patch(200, 'merge', `${MAPS}/a`, { data: { x: '2' } })
    await server.create(MAPS, map('b', { on: '1' }))
  })
  assert.deepEqual(seen, ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b'])
})

test('a watch can start with what is there, and says when that is told', async () => {
  const server = await withMaps('a', 'b')
  const path = `${MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
  const seen = await server.watch(path, 4, () => server.create(MAPS, map('c')))
  assert.deepEqual(seen, ['ADDED a', 'ADDED b', 'BOOKMARK k8s.io/initial-events-end', 'ADDED c'])
})

test('a watch from forgotten history ends with 410', async () => {
  const server = await withMaps('a', 'b', 'c')
  await server.server.registry.store.compact(4)
  assert.deepEqual(await server.watch(`${MAPS}?watch=1&resourceVersion=2`, 1), [
    'ERROR too old resource version: 2 (4)',
  ])
})

test('bookmarks come each minute, and a watch ends when its time is up', async () => {
  const clock = new VirtualClock()
  const server = new TestServer({ env: { clock, random: seededRandom(1), log: silentLogger } })
  await server.create(MAPS, map('a'))
  const watching = server.watch(
    `${MAPS}?watch=1&resourceVersion=2&allowWatchBookmarks=true&timeoutSeconds=90`,
    9,
    async () => {
      await server.create('/api/v1/namespaces/other/configmaps', map('x'))
    },
  )
  await clock.advance(100_000)
  assert.deepEqual(await watching, ['BOOKMARK', 'BOOKMARK'])
})

test('names are generated, and made again when taken', async () => {
  const server = new TestServer()
  const made = await server.create(MAPS, { metadata: { generateName: 'web-' } })
  assert.match(made.metadata.name ?? '', /^web-[a-z0-9]{5}$/)
  const neither = await server.expect<Status>(422, 'POST', MAPS, { metadata: {} })
  assert.equal(
    neither.message,
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  )
})

test('dry runs answer as if, and change nothing', async () => {
  const server = await withMaps('a')
  const tried = await server.expect(201, 'POST', `${MAPS}?dryRun=All`, map('b'))
  assert.equal(tried.metadata.resourceVersion, undefined)
  await server.expect(409, 'POST', `${MAPS}?dryRun=All`, map('a'))
  await server.patch(200, 'merge', `${MAPS}/a?dryRun=All`, { data: { x: '1' } })
  await server.expect(200, 'DELETE', `${MAPS}/a?dryRun=All`)
  assert.deepEqual(names(await server.list(MAPS)), ['a'])
  assert.equal((await server.get<ConfigMap>(`${MAPS}/a`)).data, undefined)
  const wrong = await server.expect<Status>(422, 'POST', `${MAPS}?dryRun=Some`, map('b'))
  assert.match(wrong.message ?? '', /dryRun: Unsupported value: \["Some"\]: supported values: "All"$/)
})

test('unknown fields: told, refused, or dropped in silence', async () => {
  const server = new TestServer()
  const body = { ...(map('a') as object), foo: 1 }
  const warned = await server.send('POST', `${MAPS}?dryRun=All`, body)
  assert.equal(warned.headers['warning'], '299 - "unknown field \\"foo\\""')
  const strict = await server.expect<Status>(400, 'POST', `${MAPS}?fieldValidation=Strict`, body)
  assert.equal(
    strict.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
  )
  const ignored = await server.send('POST', `${MAPS}?fieldValidation=Ignore`, body)
  assert.equal(ignored.headers['warning'], undefined)
  assert.equal((ignored.body as { foo?: number }).foo, undefined)
})

test('finalizers hold an object back until they are gone', async () => {
  const server = new TestServer()
  await server.create(MAPS, { metadata: { name: 'a', finalizers: ['example.com/x'] } })
  const marked = await server.expect(200, 'DELETE', `${MAPS}/a`)
  assert.ok(marked.metadata.deletionTimestamp)
  assert.equal(marked.metadata.deletionGracePeriodSeconds, 0)
  const more = { metadata: { finalizers: ['example.com/x', 'example.com/y'] } }
  const refused = await server.patch<Status>(422, 'merge', `${MAPS}/a`, more)
  assert.match(refused.message ?? '', /no new finalizers can be added if the object is being deleted/)
  await server.patch(200, 'merge', `${MAPS}/a`, { metadata: { finalizers: null } })
  await server.expect(404, 'GET', `${MAPS}/a`)
})

test('propagation policies become finalizers', async () => {
  const server = await withMaps('a', 'b', 'c')
  const foreground = await server.expect(200, 'DELETE', `${MAPS}/a`, { propagationPolicy: 'Foreground' })
  assert.deepEqual(foreground.metadata.finalizers, ['foregroundDeletion'])
  const orphan = await server.expect(200, 'DELETE', `${MAPS}/b`, { propagationPolicy: 'Orphan' })
  assert.deepEqual(orphan.metadata.finalizers, ['orphan'])
  const gone = await server.expect<Status>(200, 'DELETE', `${MAPS}/c`, { propagationPolicy: 'Background' })
  assert.equal(gone.status, 'Success')
  assert.deepEqual([gone.details?.name, gone.details?.kind], ['c', 'configmaps'])
})

test('pods are given their time, which can only be shortened', async () => {
  const server = new TestServer()
  await server.create(PODS, pod('a'))
  const first = await server.expect(200, 'DELETE', `${PODS}/a`, { gracePeriodSeconds: 20 })
  assert.equal(first.metadata.deletionGracePeriodSeconds, 20)
  const longer = await server.expect(200, 'DELETE', `${PODS}/a`, { gracePeriodSeconds: 60 })
  assert.equal(longer.metadata.deletionGracePeriodSeconds, 20)
  const shorter = await server.expect(200, 'DELETE', `${PODS}/a`, { gracePeriodSeconds: 5 })
  assert.equal(shorter.metadata.deletionGracePeriodSeconds, 5)
  const now = await server.expect(200, 'DELETE', `${PODS}/a`, { gracePeriodSeconds: 0 })
  assert.equal(now.metadata.deletionGracePeriodSeconds, 0)
  await server.expect(404, 'GET', `${PODS}/a`)
})

test('a deletion can demand an identity', async () => {
  const server = await withMaps('a')
  const wrong = await server.expect<Status>(409, 'DELETE', `${MAPS}/a`, { preconditions: { uid: 'other' } })
  assert.match(wrong.message ?? '', /the UID in the precondition \(other\) does not match the UID in record/)
  const { metadata } = await server.get(`${MAPS}/a`)
  await server.expect(200, 'DELETE', `${MAPS}/a`, { preconditions: { uid: metadata.uid } })
})

test('a collection is deleted by selection', async () => {
  const server = new TestServer()
  await server.create(MAPS, map('a', { app: 'x' }))
  await server.create(MAPS, map('b', { app: 'y' }))
  const list = await server.expect<KubeList<KubeObject>>(200, 'DELETE', `${MAPS}?labelSelector=app%3Dx`)
  assert.deepEqual(names(list), ['a'])
  assert.deepEqual(names(await server.list(MAPS)), ['b'])
  await server.expect(405, 'DELETE', '/api/v1/configmaps')
})

test('an object names its own path', async () => {
  const server = await withMaps('a')
  const other = await server.expect<Status>(400, 'PUT', `${MAPS}/a`, map('b'))
  assert.equal(other.message, 'the name of the object (b) does not match the name on the URL (a)')
  const elsewhere = await server.expect<Status>(400, 'POST', MAPS, { metadata: { name: 'x', namespace: 'other' } })
  assert.equal(
    elsewhere.message,
    'the namespace of the provided object does not match the namespace sent on the request',
  )
  const version = await server.expect<Status>(400, 'POST', MAPS, { apiVersion: 'v2', metadata: { name: 'x' } })
  assert.equal(
    version.message,
    'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  )
  const pod = await server.expect<Status>(400, 'POST', MAPS, { kind: 'Pod', apiVersion: 'v1' })
  assert.equal(
    pod.message,
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  )
})

test('metadata is checked', async () => {
  const server = await withMaps('a')
  const bad = await server.expect<Status>(422, 'POST', MAPS, { metadata: { name: 'A_', labels: { 'a b': 'c' } } })
  assert.equal(bad.details?.causes?.length, 2)
  const moved = await server.patch<Status>(422, 'merge', `${MAPS}/a`, { metadata: { uid: 'other' } })
  assert.equal(moved.message, 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable')
})

test('component statuses are what they are when asked for', async () => {
  const server = new TestServer()
  assert.deepEqual(names(await server.list('/api/v1/componentstatuses')), ['controller-manager', 'etcd-0', 'scheduler'])
  const { headers } = await server.send('GET', '/api/v1/componentstatuses/etcd-0')
  assert.equal(headers['warning'], '299 - "v1 ComponentStatus is deprecated in v1.19+"')
  await server.expect(404, 'GET', '/api/v1/componentstatuses/etcd-1')
})
