import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlices, endpoints, services } from '../../api/index.ts'
import { systemNamespacesController } from '../system-namespaces/controller.ts'
import { startBench } from '../testing/bench.suite.ts'
import { kubernetesServiceController } from './controller.ts'

const address = { serviceIP: '10.96.0.1', ip: '192.0.2.7', port: 6443 }
const KEY = 'default/kubernetes'

test('the Service of the API stands at the server, with endpoints of both kinds', async () => {
  const bench = await startBench([systemNamespacesController, kubernetesServiceController(address)])
  const service = await bench.client(services).get(KEY)
  assert.equal(service.spec.clusterIP, '10.96.0.1')
  assert.deepEqual(
    service.spec.ports?.map(({ name, port, targetPort }) => [name, port, targetPort]),
    [['https', 443, 6443]],
  )
  const slice = await bench.client(endpointSlices).get(KEY)
  assert.deepEqual(slice.endpoints?.[0]?.addresses, ['192.0.2.7'])
  const old = await bench.client(endpoints).get(KEY)
  assert.deepEqual(
    old.subsets?.[0]?.addresses?.map(({ ip }) => ip),
    ['192.0.2.7'],
  )
  await bench.stop()
})

test('what others change or delete is put right', async () => {
  const bench = await startBench([systemNamespacesController, kubernetesServiceController(address)])
  await bench.client(endpointSlices).delete(KEY)
  await bench.client(endpoints).update({ ...(await bench.client(endpoints).get(KEY)), subsets: [] })
  await bench.settle()
  assert.equal((await bench.client(endpointSlices).get(KEY)).ports?.[0]?.port, 6443)
  assert.equal((await bench.client(endpoints).get(KEY)).subsets?.length, 1)
  await bench.stop()
})
