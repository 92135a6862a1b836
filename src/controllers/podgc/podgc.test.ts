import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { nodes, pods } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { podGarbageCollector } from './controller.ts'

const pod = (name: string, nodeName?: string): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { ...(nodeName && { nodeName }), terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'i' }] },
})

async function start(maxTerminated?: number) {
  const bench = await startBench([podGarbageCollector(maxTerminated)])
  await bench.client(nodes).create({ metadata: { name: 'n1' }, spec: {} })
  const names = async (): Promise<(string | undefined)[]> =>
    (await bench.client(pods).list()).items.map(({ metadata }) => metadata.name)
  return { ...bench, names }
}

describe('pod garbage collector', () => {
  it('removes the pods of a node that stays away, marked failed', async () => {
    const bench = await start()
    await bench.client(pods).create({
      ...pod('held', 'n1'),
      metadata: { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] },
    })
    await bench.client(pods).create(pod('p', 'n1'))
    await bench.client(nodes).delete('n1')
    await bench.advance(39_000)
    assert.deepEqual(await bench.names(), ['held', 'p'])
    await bench.advance(2000)
    assert.deepEqual(await bench.names(), ['held'])
    const { status } = await bench.client(pods).get('default/held')
    assert.equal(status?.phase, 'Failed')
    const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.deepEqual([condition?.reason, condition?.message], ['DeletionByPodGC', 'PodGC: node no longer exists'])
    await bench.stop()
  })

  it('leaves them when the node comes back', async () => {
    const bench = await start()
    await bench.client(pods).create(pod('p', 'n1'))
    await bench.client(nodes).delete('n1')
    await bench.advance(30_000)
    await bench.client(nodes).create({ metadata: { name: 'n1' }, spec: {} })
    await bench.advance(60_000)
    assert.deepEqual(await bench.names(), ['p'])
    await bench.stop()
  })

  it('removes pods that end on a node out of service', async () => {
    const bench = await start()
    await bench.client(pods).create(pod('ending', 'n1'))
    await bench.client(pods).create(pod('staying', 'n1'))
    await bench.client(pods).delete('default/ending')
    await bench.settle()
    assert.deepEqual(await bench.names(), ['ending', 'staying'])
    const node = await bench.client(nodes).get('n1')
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' as const }]
    await bench.client(nodes).update({ ...node, spec: { ...node.spec, taints } } as Node)
    await bench.settle()
    assert.deepEqual(await bench.names(), ['staying'])
    await bench.stop()
  })

  it('removes the oldest of too many that have ended', async () => {
    const bench = await start(2)
    for (const name of ['a', 'b', 'c', 'd']) {
      const made = await bench.client(pods).create(pod(name, 'n1'))
      await bench.advance(1000)
      if (name !== 'b') await bench.setPod(made, { phase: 'Succeeded' })
    }
    await bench.advance(25_000)
    assert.deepEqual(await bench.names(), ['b', 'c', 'd'])
    await bench.stop()
  })
})
