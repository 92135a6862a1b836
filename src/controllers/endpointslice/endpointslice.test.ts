import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { endpointSlices, nodes, pods, services } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { createPods, serviceOf } from '../services/fixtures.suite.ts'
import { startBench } from '../testing/bench.suite.ts'
import { endpointSliceController } from './controller.ts'
import { planSlices, type EndpointGroup } from './plan.ts'

const service = { ...serviceOf(), metadata: { ...serviceOf().metadata, uid: 'svc' } }
const ports = [{ name: '', port: 8080, protocol: 'TCP' as const }]

const endpoint = (n: number, ready = true): Endpoint => ({
  addresses: [`10.0.${n >> 8}.${n & 255}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: 'Pod', namespace: 'default', name: `p${n}`, uid: `u${n}` },
})

/** What the slices are after the plan was carried out. */
function carryOut(existing: readonly EndpointSlice[], groups: readonly EndpointGroup[]): EndpointSlice[] {
  const { create, update, remove } = planSlices(service, 'IPv4', existing, groups)
  const gone = new Set(remove.map((slice) => slice.metadata.name))
  const changed = new Map(update.map((slice) => [slice.metadata.name, slice]))
  const kept = existing.filter((slice) => !gone.has(slice.metadata.name))
  let number = Math.max(0, ...existing.map((slice) => Number(slice.metadata.name?.slice(1))))
  const created = create.map((slice) => ({ ...slice, metadata: { ...slice.metadata, name: `s${++number}` } }))
  return [...kept.map((slice) => changed.get(slice.metadata.name) ?? slice), ...created]
}

const names = (slices: readonly Frozen<EndpointSlice>[]): string[] =>
  slices.flatMap((slice) => (slice.endpoints ?? []).map((e) => e.targetRef?.name ?? '')).toSorted()

describe('planSlices', () => {
  it('keeps one empty slice where there are no endpoints', () => {
    const [slice, ...others] = carryOut([], [])
    assert.equal(others.length, 0)
    assert.deepEqual([slice?.endpoints, slice?.ports, slice?.addressType], [[], [], 'IPv4'])
    assert.deepEqual(slice?.metadata.labels, {
      team: 'a',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    assert.deepEqual(planSlices(service, 'IPv4', carryOut([], []), []), { create: [], update: [], remove: [] })
  })

  it('turns the empty slice into one with endpoints, and back', () => {
    const empty = carryOut([], [])
    const plan = planSlices(service, 'IPv4', empty, [{ ports, endpoints: [endpoint(1)] }])
    assert.deepEqual([plan.create.length, plan.update.length, plan.remove.length], [0, 1, 0])
    const filled = carryOut(empty, [{ ports, endpoints: [endpoint(1)] }])
    const back = planSlices(service, 'IPv4', filled, [])
    assert.deepEqual([back.create.length, back.update.length, back.remove.length], [0, 1, 0])
  })

  it('writes one slice when one endpoint of 250 changes', () => {
    const endpoints = Array.from({ length: 250 }, (_, n) => endpoint(n))
    const slices = carryOut([], [{ ports, endpoints }])
    assert.deepEqual(
      slices.map((slice) => slice.endpoints?.length),
      [100, 100, 50],
    )
    const changed = endpoints.map((e, n) => (n === 7 ? endpoint(7, false) : e))
    const plan = planSlices(service, 'IPv4', slices, [{ ports, endpoints: changed }])
    assert.deepEqual([plan.create.length, plan.update.length, plan.remove.length], [0, 1, 0])
  })

  it('deletes slices of a former Service of the name', () => {
    const [old] = carryOut([], [])
    assert.ok(old)
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'former', controller: true }]
    const { remove } = planSlices(service, 'IPv4', [{ ...old, metadata: { ...old.metadata, ownerReferences } }], [])
    assert.equal(remove.length, 1)
  })

  it('always ends with exactly the desired endpoints, and then has nothing to do', () => {
    const step = fc.uniqueArray(fc.nat(300), { maxLength: 300 })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        let slices: EndpointSlice[] = []
        for (const wanted of steps) {
          const groups = wanted.length > 0 ? [{ ports, endpoints: wanted.map((n) => endpoint(n)) }] : []
          slices = carryOut(slices, groups)
          assert.deepEqual(names(slices), wanted.map((n) => `p${n}`).toSorted())
          assert.ok(slices.every((slice) => (slice.endpoints?.length ?? 0) <= 100))
          assert.ok(slices.length === 1 || slices.every((slice) => slice.endpoints?.length))
          assert.deepEqual(planSlices(service, 'IPv4', slices, groups), { create: [], update: [], remove: [] })
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('endpointslice controller', () => {
  it('follows the pods of a Service', async () => {
    const bench = await startBench([endpointSliceController])
    const list = async () => (await bench.client(endpointSlices).list()).items
    const made = await bench.client(services).create(serviceOf())
    await createPods(bench, 2)
    await bench.advance(100)
    const [slice, ...others] = await list()
    assert.equal(others.length, 0)
    assert.match(slice?.metadata.name ?? '', /^web-[a-z0-9]{5}$/)
    assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, made.metadata.uid)
    assert.deepEqual(slice?.ports, [{ name: '', port: 8080, protocol: 'TCP' }])
    const first = slice?.endpoints?.find((e) => e.targetRef?.name === 'p1')
    assert.deepEqual(first?.conditions, { ready: true, serving: true, terminating: false })
    assert.deepEqual([first?.nodeName, first?.zone, first?.addresses], ['n1', 'z1', ['10.0.0.1']])
    const pod = await bench.client(pods).get('default/p1')
    await bench.setPod(pod, { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] })
    await bench.client(pods).delete('default/p2', { gracePeriodSeconds: 30 })
    await bench.advance(100)
    const after = new Map((await list())[0]?.endpoints?.map((e) => [e.targetRef?.name, e.conditions]))
    assert.deepEqual(after.get('p1'), { ready: false, serving: false, terminating: false })
    assert.deepEqual(after.get('p2'), { ready: false, serving: true, terminating: true })
    await bench.stop()
  })

  it('hints at zones when the Service asks for it, and leaves pods of unknown nodes out', async () => {
    const bench = await startBench([endpointSliceController])
    await bench.client(services).create(serviceOf({ trafficDistribution: 'PreferSameZone' }))
    await createPods(bench, 1)
    await bench.advance(100)
    const endpoints = async () => (await bench.client(endpointSlices).list()).items.flatMap((s) => s.endpoints ?? [])
    assert.deepEqual((await endpoints())[0]?.hints, { forZones: [{ name: 'z1' }] })
    await bench.client(nodes).delete('n1')
    const now = await bench.client(services).get('default/web')
    await bench.client(services).update({ ...now, metadata: { ...now.metadata, labels: { x: 'y' } } } as typeof service)
    await bench.advance(100)
    assert.deepEqual(await endpoints(), [])
    await bench.stop()
  })

  it('puts back what others change', async () => {
    const bench = await startBench([endpointSliceController])
    await bench.client(services).create(serviceOf())
    await createPods(bench, 1)
    await bench.advance(100)
    const [slice] = (await bench.client(endpointSlices).list()).items
    assert.ok(slice)
    await bench.client(endpointSlices).delete(slice)
    await bench.advance(100)
    assert.deepEqual(names((await bench.client(endpointSlices).list()).items), ['p1'])
    await bench.stop()
  })
})
