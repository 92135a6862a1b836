import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/types/policy/v1.ts'
import { deployments, podDisruptionBudgets, pods } from '../../api/index.ts'
import { deploymentController } from '../deployment/controller.ts'
import { replicaSetController } from '../replicaset/controller.ts'
import { startBench } from '../testing/bench.suite.ts'
import { disruptionController } from './controller.ts'
import { expectation, openEvictions } from './plan.ts'

const budget = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: { name: 'pdb', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
})

describe('expectation', () => {
  const cases: [string, PodDisruptionBudget['spec'], [number, number], [number, number]][] = [
    ['minAvailable 2', { minAvailable: 2 }, [5, 0], [5, 2]],
    ['minAvailable 50%', { minAvailable: '50%' }, [5, 5], [5, 3]],
    ['maxUnavailable 1', { maxUnavailable: 1 }, [5, 7], [7, 6]],
    ['maxUnavailable 30%', { maxUnavailable: '30%' }, [5, 7], [7, 4]],
    ['maxUnavailable more than there are', { maxUnavailable: 9 }, [5, 7], [7, 0]],
  ]
  for (const [name, spec, [count, scale], [expectedPods, desiredHealthy]] of cases)
    it(name, () => assert.deepEqual(expectation(budget(spec), count, scale), { expectedPods, desiredHealthy }))
})

describe('openEvictions', () => {
  it('are those of pods that are still to go, for two minutes', () => {
    const now = Date.UTC(2026, 0, 1)
    const at = (seconds: number): string => new Date(now - seconds * 1000).toISOString().replace('.000Z', 'Z')
    const pod = (name: string, deletionTimestamp?: string): Pod => ({
      metadata: { name, ...(deletionTimestamp && { deletionTimestamp }) },
      spec: { containers: [] },
    })
    const pdb = {
      ...budget({}),
      status: { disruptedPods: { waiting: at(30), late: at(130), going: at(5), gone: at(5) } },
    }
    const { disrupted, failed, nextMs } = openEvictions(pdb, [pod('waiting'), pod('late'), pod('going', at(1))], now)
    assert.deepEqual(disrupted, { waiting: at(30) })
    assert.deepEqual(
      failed.map(({ metadata }) => metadata.name),
      ['late'],
    )
    assert.equal(nextMs, 90_000)
  })
})

describe('disruption controller', () => {
  it('tells how many pods may go, and follows them', async () => {
    const bench = await startBench([disruptionController, deploymentController, replicaSetController])
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    await bench.client(deployments).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template },
    })
    await bench.client(podDisruptionBudgets).create(budget({ maxUnavailable: '25%' }))
    await bench.advance(200)
    const counts = async () => {
      const { status } = await bench.client(podDisruptionBudgets).get('default/pdb')
      const condition = status?.conditions?.[0]
      return [
        status?.currentHealthy,
        status?.desiredHealthy,
        status?.expectedPods,
        status?.disruptionsAllowed,
        condition?.reason,
      ]
    }
    assert.deepEqual(await counts(), [0, 3, 4, 0, 'InsufficientPods'])
    const list = (await bench.client(pods).list()).items
    await bench.runPods(list)
    await bench.advance(200)
    assert.deepEqual(await counts(), [4, 3, 4, 1, 'SufficientPods'])
    await bench.setPod(list[0] as Pod, { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] })
    await bench.advance(200)
    assert.deepEqual(await counts(), [3, 3, 4, 0, 'InsufficientPods'])
    await bench.stop()
  })

  it('says so when it covers nothing, or pods whose number nobody knows', async () => {
    const bench = await startBench([disruptionController])
    const pdb = await bench.client(podDisruptionBudgets).create(budget({ maxUnavailable: 1 }))
    await bench.settle()
    await bench.client(pods).create({
      metadata: { name: 'lone', namespace: 'default', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    await bench.advance(200)
    const told = await bench.eventsOf(pdb)
    assert.equal(told[0], 'NoPods: No matching pods found')
    assert.ok(told.some((text) => text.startsWith('UnmanagedPods: ') && text.endsWith('Unmanaged pods: lone')))
    await bench.stop()
  })

  it('takes back that a pod is to be disrupted when it is still there after two minutes', async () => {
    const bench = await startBench([disruptionController])
    const pod = await bench
      .client(pods)
      .create({ metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
    const lastTransitionTime = new Date(bench.clock.now()).toISOString().replace('.000Z', 'Z')
    await bench.setPod(pod, { conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime }] })
    const status = async () => (await bench.client(pods).get(pod)).status?.conditions?.[0]?.status
    await bench.advance(119_000)
    assert.equal(await status(), 'True')
    await bench.advance(2000)
    assert.equal(await status(), 'False')
    await bench.stop()
  })
})
