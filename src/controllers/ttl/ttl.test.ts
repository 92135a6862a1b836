import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nodes } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { ttlController } from './controller.ts'

it('nodes of a larger cluster may keep what they have read for longer', async () => {
  const bench = await startBench([ttlController])
  const ttl = async (name: string) =>
    (await bench.client(nodes).get(name)).metadata.annotations?.['node.alpha.kubernetes.io/ttl']
  for (let i = 0; i < 100; i++) await bench.client(nodes).create({ metadata: { name: `n${i}` }, spec: {} })
  await bench.settle()
  assert.equal(await ttl('n0'), '0')
  await bench.client(nodes).create({ metadata: { name: 'one-more' }, spec: {} })
  await bench.settle()
  assert.equal(await ttl('one-more'), '15')
  await bench.stop()
})
