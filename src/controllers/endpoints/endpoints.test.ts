import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod, Service } from '../../api/generated/types/core/v1.ts'
import { endpoints, pods, services } from '../../api/index.ts'
import { createPods, serviceOf } from '../services/fixtures.suite.ts'
import { startBench } from '../testing/bench.suite.ts'
import { endpointsController } from './controller.ts'
import { planSubsets } from './plan.ts'

function pod(name: string, ip: string, ready = true): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { podIPs: [{ ip }], conditions: ready ? [{ type: 'Ready', status: 'True' }] : [] },
  }
}

const service = (spec: Partial<Service['spec']> = {}): Service =>
  serviceOf({ ports: [{ port: 80, targetPort: 'http' }], ...spec })
const ref = (name: string) => ({ kind: 'Pod', namespace: 'default', name, uid: name })

describe('planSubsets', () => {
  it('puts ready and other addresses of the same ports together, sorted', () => {
    const { subsets } = planSubsets(service(), [
      pod('b', '10.0.0.2'),
      pod('a', '10.0.0.1'),
      pod('c', '10.0.0.3', false),
    ])
    assert.deepEqual(subsets, [
      {
        ports: [{ port: 8080, protocol: 'TCP' }],
        addresses: [
          { ip: '10.0.0.1', nodeName: 'n1', targetRef: ref('a') },
          { ip: '10.0.0.2', nodeName: 'n1', targetRef: ref('b') },
        ],
        notReadyAddresses: [{ ip: '10.0.0.3', nodeName: 'n1', targetRef: ref('c') }],
      },
    ])
  })

  it('keeps pods apart that serve a named port at different numbers', () => {
    const other = pod('b', '10.0.0.2')
    other.spec.containers = [{ name: 'c', ports: [{ name: 'http', containerPort: 9090 }] }]
    const { subsets } = planSubsets(service(), [pod('a', '10.0.0.1'), other])
    assert.deepEqual(
      subsets.map((s) => [s.ports?.[0]?.port, s.addresses?.[0]?.ip]),
      [
        [8080, '10.0.0.1'],
        [9090, '10.0.0.2'],
      ],
    )
  })

  it('needs no ports when headless', () => {
    const { subsets } = planSubsets(service({ clusterIP: 'None', ports: [] }), [pod('a', '10.0.0.1')])
    assert.deepEqual(subsets, [{ addresses: [{ ip: '10.0.0.1', nodeName: 'n1', targetRef: ref('a') }] }])
  })

  it('leaves out pods that are ending, unless all are to be published', () => {
    const ending = pod('a', '10.0.0.1', false)
    ending.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    assert.deepEqual(planSubsets(service(), [ending]).subsets, [])
    assert.equal(planSubsets(service({ publishNotReadyAddresses: true }), [ending]).subsets[0]?.addresses?.length, 1)
  })

  it('holds 1,000 addresses, the ready ones first', () => {
    const many = Array.from({ length: 1200 }, (_, i) => pod(`p${i}`, `10.0.${i >> 8}.${i & 255}`, i >= 600))
    const { subsets, isTruncated } = planSubsets(service(), many)
    assert.equal(isTruncated, true)
    assert.deepEqual([subsets[0]?.addresses?.length, subsets[0]?.notReadyAddresses?.length], [600, 400])
  })
})

describe('endpoints controller', () => {
  it('writes, follows and deletes', async () => {
    const bench = await startBench([endpointsController])
    const made = await bench.client(services).create(service())
    await createPods(bench, 2)
    await bench.advance(100)
    const first = await bench.client(endpoints).get('default/web')
    assert.deepEqual(first.metadata.labels, { team: 'a', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' })
    assert.deepEqual(
      first.subsets?.[0]?.addresses?.map(({ ip }) => ip),
      ['10.0.0.1', '10.0.0.2'],
    )
    const { items } = await bench.client(pods).list()
    const times = items.map(({ status }) => Date.parse(status?.conditions?.[0]?.lastTransitionTime ?? '0'))
    const triggered = first.metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time']
    assert.equal(Date.parse(triggered ?? ''), Math.max(...times, Date.parse(made.metadata.creationTimestamp ?? '')))
    await bench.client(services).delete(made)
    await bench.advance(100)
    assert.equal((await bench.client(endpoints).list()).items.length, 0)
    await bench.stop()
  })

  it('makes none for a Service that is another name of something elsewhere', async () => {
    const bench = await startBench([endpointsController])
    const spec = { type: 'ExternalName', externalName: 'example.com', selector: { app: 'web' } } as const
    await bench.client(services).create({ ...service(), spec })
    await createPods(bench, 1)
    await bench.advance(100)
    assert.equal((await bench.client(endpoints).list()).items.length, 0)
    await bench.stop()
  })

  it('leaves alone what belongs to a Service without selector', async () => {
    const bench = await startBench([endpointsController])
    const { selector: _, ...spec } = service().spec ?? {}
    await bench.client(services).create({ ...service(), spec })
    await bench
      .client(endpoints)
      .create({ metadata: { name: 'web', namespace: 'default' }, subsets: [{ addresses: [{ ip: '1.2.3.4' }] }] })
    await bench.advance(100)
    assert.equal((await bench.client(endpoints).get('default/web')).subsets?.[0]?.addresses?.[0]?.ip, '1.2.3.4')
    await bench.stop()
  })
})
