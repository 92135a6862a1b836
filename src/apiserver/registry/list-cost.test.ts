/** What lists and watches may cost, in what can be counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { builtInSchemas } from '../../api/schema-for.ts'
import { decodeMessage } from '../../apimachinery/codec/protobuf/decode.ts'
import { openEnvelope } from '../../apimachinery/codec/protobuf/envelope.ts'
import type { KubeList, KubeObject } from '../../apimachinery/meta.ts'
import { systemClock } from '../../lib/clock.ts'
import { nextTurn } from '../../lib/turn.ts'
import { LmdbStore } from '../../store/lmdb/store.ts'
import { testFolder } from '../../store/lmdb/testing/folder.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { Range, RangeOptions } from '../../store/store.ts'
import { encode } from '../encode/encode.ts'
import type { Encoded } from '../encode/encoded.ts'
import { limitsOf } from '../http/limits.ts'
import type { Exchange } from '../http/exchange.ts'
import { httpCall } from '../http/http-call.ts'
import { JSON_TYPE, negotiate } from '../request/negotiate.ts'
import { TestServer } from '../test-server.ts'
import { objectOffer, transform } from '../transform/transform.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'

/** A request's answer, ready for the wire. */
async function encoded(server: TestServer, url: string, accept = JSON_TYPE): Promise<Encoded> {
  const exchange = { method: 'GET', url, headers: {}, onClose: () => {} } as unknown as Exchange
  const call = httpCall(limitsOf(systemClock, 1000), exchange, { name: 'a', groups: [] })
  const accepted = negotiate(accept, objectOffer([JSON_TYPE, 'application/vnd.kubernetes.protobuf']))
  const answer = await transform(await server.server.answer(call), accepted.target, call.query, server.server.env)
  return encode(answer, accepted)
}

class CountingStore extends MemoryStore {
  readonly ranges: RangeOptions[] = []

  override range(prefix: string, options: RangeOptions = {}): Range {
    this.ranges.push(options)
    return super.range(prefix, options)
  }
}

test('a page reads as much as it has, and only the first one counts', async () => {
  const store = new CountingStore({ clock: systemClock })
  const server = new TestServer({ store })
  for (let i = 10; i < 30; i++) await server.create(MAPS, { metadata: { name: `m-${i}` } })
  store.ranges.length = 0
  const lefts: (number | undefined)[] = []
  for (let token = ''; ;) {
    const page: KubeList<KubeObject> = await server.list(`${MAPS}?limit=6&continue=${token}`)
    lefts.push(page.metadata.remainingItemCount)
    token = page.metadata.continue ?? ''
    if (token === '') break
  }
  assert.deepEqual(lefts, [14, 8, 2, undefined])
  assert.deepEqual(
    store.ranges.map(({ limit, countRemaining }) => ({ limit, countRemaining })),
    [true, false, false, false].map((countRemaining) => ({ limit: 6, countRemaining })),
  )
})

test('a list in protobuf has every item once, page by page', async () => {
  const server = new TestServer()
  const names = Array.from({ length: 450 }, (_, i) => `m-${i + 100}`)
  for (const name of names) await server.create(MAPS, { metadata: { name }, data: { name } })
  const list = await encoded(server, MAPS, 'application/vnd.kubernetes.protobuf')
  assert.ok(list.type === 'stream')
  const parts: Uint8Array[] = []
  for await (const part of list.parts) parts.push(part.slice())
  const { kind, apiVersion, raw } = openEnvelope(Buffer.concat(parts))
  assert.deepEqual([kind, apiVersion], ['ConfigMapList', 'v1'])
  const schema = builtInSchemas.find('io.k8s.api.core.v1.ConfigMapList')
  assert.ok(schema)
  const decoded = decodeMessage(schema, raw) as unknown as KubeList<KubeObject & { data: { name: string } }>
  assert.deepEqual(
    decoded.items.map(({ data }) => data.name),
    names,
  )
  assert.equal(decoded.metadata.resourceVersion, String(server.server.registry.store.revision))
})

test('an event is encoded once for all who watch in the same form', async () => {
  const server = new TestServer()
  const partial = `${JSON_TYPE};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  const forms = [JSON_TYPE, 'application/vnd.kubernetes.protobuf', partial]
  const seen = new Map<string, Uint8Array[]>()
  for (const form of forms) {
    const events: Uint8Array[] = []
    seen.set(form, events)
    for (let i = 0; i < 20; i++) {
      const watch = await encoded(server, `${MAPS}?watch=true&resourceVersion=1`, form)
      assert.ok(watch.type === 'watch')
      watch.start({ send: (event) => void events.push(event), end: () => {} })
    }
  }
  await server.create(MAPS, { metadata: { name: 'a', labels: { some: 'label' } } })
  for (const [form, events] of seen) {
    assert.equal(events.length, 20, form)
    assert.equal(new Set(events).size, 1, form)
  }
})

test('a list of 10,000 objects adds less than 4 MB, however long it is sent', async (t) => {
  const store = await LmdbStore.open({ path: testFolder(t), clock: systemClock })
  try {
    const server = new TestServer({ store, freeze: false })
    await server.create(MAPS, { metadata: { name: 'template' }, data: { text: 'x'.repeat(2000) } })
    const template = store.get('/registry/configmaps/default/template')
    assert.ok(template)
    await Promise.all(
      Array.from({ length: 10_000 }, (_, i) =>
        store.write({ key: `/registry/configmaps/default/m-${i}`, value: template.value }),
      ),
    )
    // The first two are for what is compiled, and to find that it is too large to be kept.
    for (let i = 0; i < 2; i++) await drain(server)
    const base = await restingBytes()
    let most = 0
    const bytes = await drain(server, () => (most = Math.max(most, liveBytes() - base)))
    assert.ok(bytes > 20_000_000)
    assert.ok(most < 4 * 2 ** 20, `it added ${most} bytes`)
  } finally {
    await store.close()
  }
})

/** Reads a whole list, looking in now and then. */
async function drain(server: TestServer, look: () => void = () => {}): Promise<number> {
  const list = await encoded(server, MAPS)
  assert.ok(list.type === 'stream')
  let bytes = 0
  let parts = 0
  for await (const part of list.parts) {
    bytes += part.length
    if (parts++ % 40 === 0) look()
  }
  return bytes
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function liveBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What stays when all that was let go of is gone, which takes some turns. */
async function restingBytes(): Promise<number> {
  let least = Infinity
  for (let i = 0; i < 5; i++) {
    await nextTurn()
    least = Math.min(least, liveBytes())
  }
  return least
}

test('of large objects a list holds few before its client reads, and tells all', async () => {
  const server = new TestServer({ store: new MemoryStore({ clock: systemClock }) })
  const large = 'x'.repeat(100_000)
  for (let i = 0; i < 20; i++) await server.create(MAPS, { metadata: { name: `m-${i + 10}` }, data: { large } })
  const exchange = { method: 'GET', url: MAPS, headers: {}, onClose: () => {} } as unknown as Exchange
  const answer = await server.server.answer(httpCall(limitsOf(systemClock, 1000), exchange, { name: 'a', groups: [] }))
  assert.ok(answer.type === 'list' && answer.first.length < 5, 'few are held')
  const { items } = await server.list(MAPS)
  assert.equal(items.length, 20)
})
