import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod, Taint, Toleration } from '../../api/generated/types/core/v1.ts'
import { nodes, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { taintEvictionController } from './controller.ts'
import { toleratedSeconds } from './plan.ts'

const UNREACHABLE: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }
const tolerate = (tolerationSeconds?: number, key = UNREACHABLE.key): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
})

const pod = (name: string, tolerations: Toleration[]): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { nodeName: 'n1', tolerations, terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'i' }] },
})

describe('toleratedSeconds', () => {
  const other: Taint = { key: 'example.com/x', value: 'y', effect: 'NoExecute' }
  const cases: [string, Toleration[], Taint[], number][] = [
    ['no toleration', [], [UNREACHABLE], 0],
    ['for good', [tolerate()], [UNREACHABLE], Infinity],
    ['for a while', [tolerate(300)], [UNREACHABLE], 300],
    ['the least of several', [tolerate(300), tolerate(20)], [UNREACHABLE], 20],
    ['one of two', [tolerate(300)], [UNREACHABLE, other], 0],
    ['both', [tolerate(300), { key: other.key, value: 'y', operator: 'Equal' }], [UNREACHABLE, other], 300],
    ['everything', [{ operator: 'Exists' }], [UNREACHABLE, other], Infinity],
    ['another value', [{ key: other.key, value: 'z', operator: 'Equal' }], [other], 0],
    ['less than nothing', [tolerate(-5)], [UNREACHABLE], 0],
  ]
  for (const [name, tolerations, taints, seconds] of cases)
    it(name, () => assert.equal(toleratedSeconds(pod('p', tolerations), taints), seconds))
})

describe('taint eviction', () => {
  async function start(): Promise<
    ControllerBench & { taint(taints: Taint[]): Promise<void>; isEnding(name: string): Promise<boolean> }
  > {
    const bench = await startBench([taintEvictionController()])
    await bench.client(nodes).create({ metadata: { name: 'n1' }, spec: {} })
    return {
      ...bench,
      async taint(taints) {
        const node: Frozen<Node> = await bench.client(nodes).get('n1')
        await bench.client(nodes).update({ ...node, spec: { ...node.spec, taints } } as Node)
        await bench.settle()
      },
      async isEnding(name) {
        try {
          return (await bench.client(pods).get(`default/${name}`)).metadata.deletionTimestamp !== undefined
        } catch (error) {
          assert.ok(hasReason(error, 'NotFound'))
          return true
        }
      },
    }
  }

  it('deletes pods when what they tolerate is over, and says why', async () => {
    const bench = await start()
    for (const made of [pod('never', []), pod('a-while', [tolerate(60)]), pod('always', [tolerate()])])
      await bench.client(pods).create(made)
    await bench.taint([UNREACHABLE])
    const ending = () => Promise.all(['never', 'a-while', 'always'].map((name) => bench.isEnding(name)))
    assert.deepEqual(await ending(), [true, false, false])
    const evicted = await bench.client(pods).get('default/never')
    assert.deepEqual(await bench.eventsOf(evicted), ['TaintManagerEviction: Marking for deletion Pod default/never'])
    assert.equal(evicted.status?.conditions?.[0]?.reason, 'DeletionByTaintManager')
    await bench.advance(59_000)
    assert.deepEqual(await ending(), [true, false, false])
    await bench.advance(1000)
    assert.deepEqual(await ending(), [true, true, false])
    await bench.stop()
  })

  it('lets them be when the taint goes in time', async () => {
    const bench = await start()
    const made = await bench.client(pods).create(pod('a-while', [tolerate(60)]))
    await bench.taint([UNREACHABLE])
    await bench.advance(30_000)
    await bench.taint([])
    await bench.advance(60_000)
    assert.equal(await bench.isEnding('a-while'), false)
    assert.deepEqual(await bench.eventsOf(made), ['TaintManagerEviction: Cancelling deletion of Pod default/a-while'])
    await bench.stop()
  })

  it('deletes pods that come to a tainted node', async () => {
    const bench = await start()
    await bench.taint([UNREACHABLE])
    await bench.client(pods).create(pod('late', []))
    await bench.settle()
    assert.equal(await bench.isEnding('late'), true)
    await bench.stop()
  })
})
