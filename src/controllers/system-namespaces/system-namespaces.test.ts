import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespaces } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { SYSTEM_NAMESPACES, systemNamespacesController } from './controller.ts'

test('every cluster has the namespaces of the system, also after one was deleted', async () => {
  const bench = await startBench([systemNamespacesController])
  const names = async (): Promise<string[]> =>
    (await bench.client(namespaces).list()).items.map(({ metadata }) => metadata.name ?? '')
  assert.deepEqual((await names()).toSorted(), SYSTEM_NAMESPACES.toSorted())
  await bench.client(namespaces).delete('kube-public')
  const doomed = await bench.client(namespaces).get('kube-public')
  await bench.client(namespaces).updateSubresource(doomed, 'finalize', { ...doomed, spec: { finalizers: [] } })
  await bench.settle()
  assert.equal((await names()).length, SYSTEM_NAMESPACES.length)
  await bench.stop()
})
