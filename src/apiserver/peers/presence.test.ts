import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoints } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { TestServer } from '../test-server.ts'
import { Presence } from './presence.ts'

test('the kubernetes Service leads to every server that lives, and each has its Lease', async () => {
  const clock = new VirtualClock()
  const store = new MemoryStore({ clock })
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const peers = [1, 2].map((n) => {
    const client = new TestServer({ store, env })
    const identity = { name: `apiserver-${n}`, holder: `apiserver-${n}_uid`, hostname: `host-${n}` }
    const presence = new Presence({ server: client.server, at: { address: `10.0.0.${n}`, port: 6443 }, identity })
    return { client, presence }
  })
  const [one, two] = peers
  assert.ok(one && two)
  const addresses = async (): Promise<(string | undefined)[]> => {
    const { subsets } = await two.client.get<Endpoints & KubeObject>('/api/v1/namespaces/default/endpoints/kubernetes')
    const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
    const { endpoints } = await two.client.get<EndpointSlice & KubeObject>(slice)
    const all = (subsets ?? []).flatMap((subset) => (subset.addresses ?? []).map(({ ip }) => ip))
    assert.deepEqual(
      (endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
      all,
    )
    return all
  }
  await one.presence.start()
  await two.presence.start()
  assert.deepEqual(await addresses(), ['10.0.0.1', '10.0.0.2'])
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
  const label = 'labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver'
  const { items } = await one.client.list(`${leases}?${label}`)
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['apiserver-1', 'apiserver-2'],
  )

  await clock.advance(60_000)
  assert.deepEqual(await addresses(), ['10.0.0.1', '10.0.0.2'])

  // One that ends is gone at once; one that dies, when its lease is over.
  await one.presence.stop()
  assert.deepEqual(await addresses(), ['10.0.0.2'])
  await store.write({ key: '/registry/masterleases/10.0.0.3', value: new TextEncoder().encode('{}'), ttlMs: 15_000 })
  await clock.advance(10_000)
  assert.deepEqual(await addresses(), ['10.0.0.2', '10.0.0.3'])
  await clock.advance(20_000)
  assert.deepEqual(await addresses(), ['10.0.0.2'])

  // An hour after its last renewal the Lease of the first is removed.
  await clock.advance(2 * 3_600_000)
  assert.deepEqual(
    (await two.client.list(`${leases}?${label}`)).items.map(({ metadata }) => metadata.name),
    ['apiserver-2'],
  )
  await two.presence.stop()
})
