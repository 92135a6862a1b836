import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigMap } from '../../src/api/generated/types/core/v1.ts'
import { keyOf, type Frozen } from '../../src/apimachinery/meta.ts'
import { hasReason } from '../../src/apimachinery/status.ts'
import { Informer, until } from '../../src/client/index.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { configMaps, startCluster, type Cluster } from '../../src/testing/index.ts'

/** Writes, changes and deletes ConfigMaps at random; requests may fail meanwhile. */
async function churn(cluster: Cluster, seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed)
  const client = cluster.client(configMaps)
  for (let step = 0; step < steps; step++) {
    const name = `map-${Math.floor(random.next() * 12)}`
    const key = `default/${name}`
    const chance = random.next()
    const write =
      chance < 0.4
        ? client.create({ metadata: { name, namespace: 'default' }, data: { step: String(step) } })
        : chance < 0.75
          ? client.patch(key, 'merge', { data: { step: String(step) } })
          : client.delete(key)
    await write.catch((error: unknown) => {
      if (!hasReason(error, 'AlreadyExists', 'NotFound')) throw error
    })
    if (random.next() < 0.1) cluster.faults.cutWatches({ request: '/configmaps' })
    if (random.next() < 0.1) await cluster.advance(Math.floor(random.next() * 2000))
    if (random.next() < 0.02) await cluster.store.compact(cluster.store.revision)
  }
}

describe('a watch', () => {
  it('tells everything once and in order', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    const { metadata } = await cluster.client(configMaps).list({ namespace: 'default' })
    const stop = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      const options = { namespace: 'default', resourceVersion: metadata?.resourceVersion ?? '', signal: stop.signal }
      for await (const { type, object } of cluster.client(configMaps).watch(options)) {
        seen.push(`${type} ${keyOf(object)} ${object.metadata.resourceVersion}`)
      }
    })()
    const after = cluster.store.revision
    const random = seededRandom(3)
    const alive = new Set<string>()
    for (let step = 0; step < 200; step++) {
      const name = `map-${Math.floor(random.next() * 9)}`
      const made = { metadata: { name, namespace: 'default' } }
      if (!alive.has(name)) await cluster.client(configMaps).create(made)
      else if (random.next() < 0.5) await cluster.client(configMaps).patch(made, 'merge', { data: { step: `${step}` } })
      else await cluster.client(configMaps).delete(made)
      const isThere = await cluster.store.get(`/registry/configmaps/default/${name}`)
      if (isThere) alive.add(name)
      else alive.delete(name)
    }
    await cluster.settled()
    stop.abort()
    await watching
    const history = await cluster.history()
    const created = new Set<string>()
    const expected = history
      .filter(({ revision, key }) => revision > after && key.startsWith('/registry/configmaps/default/'))
      .map(({ type, key, revision }) => {
        const name = key.slice('/registry/configmaps/'.length)
        const word = type === 'delete' ? 'DELETED' : created.has(name) ? 'MODIFIED' : 'ADDED'
        if (type === 'delete') created.delete(name)
        else created.add(name)
        return `${word} ${name} ${revision}`
      })
    assert.equal(expected.length, 200)
    assert.deepEqual(seen, expected)
  })

  it('from a revision that was compacted says that it has expired', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    await cluster.store.compact(cluster.store.revision)
    const watch = cluster.client(configMaps).watch({ resourceVersion: '5' })
    await assert.rejects(watch[Symbol.asyncIterator]().next(), (error) => hasReason(error, 'Expired'))
  })
})

describe('an informer', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`agrees with the store in the end, whatever its watches suffered (seed ${seed})`, async () => {
      await using cluster = await startCluster({ time: 'virtual', nodes: 0, seed })
      const informer = new Informer({ client: cluster.client, resource: configMaps, env: cluster.env })
      const told = new Map<string, Frozen<ConfigMap>>()
      // An informer goes on when a handler throws, so what is wrong is collected.
      const wrong: string[] = []
      const check = (right: boolean, what: string): void => void (right || wrong.push(what))
      informer.addHandler({
        onAdd(object) {
          check(!told.has(keyOf(object)), `${keyOf(object)} added twice`)
          told.set(keyOf(object), object)
        },
        onUpdate(now, old) {
          check(told.get(keyOf(now)) === old, `${keyOf(now)} changed from what was not told`)
          check(Number(now.metadata.resourceVersion) > Number(old.metadata.resourceVersion), `${keyOf(now)} went back`)
          told.set(keyOf(now), now)
        },
        onDelete: (object) => check(told.delete(keyOf(object)), `${keyOf(object)} deleted unseen`),
      })
      const stop = new AbortController()
      const running = informer.run(stop.signal)
      await until(informer, () => informer.synced)
      cluster.faults.inject({ request: 'watch=true', times: 5, as: 'connection refused' })
      cluster.faults.inject({ request: 'watch=true', times: 2, as: 'Expired' })
      await churn(cluster, seed, 300)
      await cluster.advance('5m')
      const { items } = await cluster.client(configMaps).list()
      const versions = (objects: Iterable<Frozen<ConfigMap>>): string[] =>
        [...objects].map((object) => `${keyOf(object)} ${object.metadata.resourceVersion}`).toSorted()
      assert.deepEqual(versions(informer.lister.list()), versions(items))
      assert.deepEqual(versions(told.values()), versions(items))
      assert.deepEqual(wrong, [])
      stop.abort()
      await running
    })
  }
})
