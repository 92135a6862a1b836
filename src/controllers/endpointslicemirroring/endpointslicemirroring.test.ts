import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Endpoints } from '../../api/generated/types/core/v1.ts'
import { endpoints, endpointSlices, services } from '../../api/index.ts'
import { serviceOf } from '../services/fixtures.suite.ts'
import { startBench } from '../testing/bench.suite.ts'
import { endpointSliceMirroringController } from './controller.ts'

const written = (ips: readonly string[], notReady: readonly string[] = []): Endpoints => ({
  metadata: { name: 'web', namespace: 'default', labels: { mine: 'x' } },
  subsets: [
    {
      addresses: ips.map((ip) => ({ ip })),
      ...(notReady.length > 0 && { notReadyAddresses: notReady.map((ip) => ({ ip })) }),
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' as const }],
    },
  ],
})

it('custom endpoints are shown as slices, and followed', async () => {
  const bench = await startBench([endpointSliceMirroringController])
  const { selector: _, ...spec } = serviceOf().spec ?? {}
  await bench.client(services).create({ ...serviceOf(), spec })
  const made = await bench.client(endpoints).create(written(['10.1.0.1', 'fd00::1'], ['10.1.0.2']))
  await bench.advance(100)
  const list = async () => (await bench.client(endpointSlices).list()).items
  const addresses = async () =>
    (await list()).map(
      ({ addressType, endpoints: all }) =>
        `${addressType} ${all?.map((e) => `${e.addresses[0]} ${e.conditions?.ready}`).join(', ')}`,
    )
  assert.deepEqual(
    (await addresses()).toSorted((a, b) => (a < b ? -1 : 1)),
    ['IPv4 10.1.0.1 true, 10.1.0.2 false', 'IPv6 fd00::1 true'],
  )
  const [slice] = await list()
  assert.deepEqual(slice?.metadata.labels, {
    mine: 'x',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, made.metadata.uid)
  await bench.client(endpoints).update({ ...made, ...written(['10.1.0.9']), metadata: made.metadata })
  await bench.advance(100)
  assert.deepEqual(await addresses(), ['IPv4 10.1.0.9 true'])
  await bench.client(endpoints).delete(made)
  await bench.advance(100)
  assert.deepEqual(await addresses(), [])
  await bench.stop()
})

it('endpoints that ask not to be, or of a Service with a selector, are not shown', async () => {
  const bench = await startBench([endpointSliceMirroringController])
  await bench.client(services).create(serviceOf())
  await bench.client(endpoints).create(written(['10.1.0.1']))
  const skipped = written(['10.1.0.1'])
  const { selector: _, ...spec } = serviceOf().spec ?? {}
  await bench.client(services).create({
    metadata: { name: 'skip', namespace: 'default' },
    spec: { ...spec, clusterIP: 'None', clusterIPs: ['None'] },
  })
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  await bench.client(endpoints).create({ ...skipped, metadata: { name: 'skip', namespace: 'default', labels } })
  await bench.advance(100)
  assert.equal((await bench.client(endpointSlices).list()).items.length, 0)
  await bench.stop()
})
