import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { nodes, pods, replicaSets } from '../../api/index.ts'
import { failure } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ControllerDefinition, type Result } from '../controller.ts'
import { testBench, type TestBench } from '../testing/test-env.ts'
import { runControllers, type RunningControllers } from './run.ts'

const replicaSet = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: {}, spec: { containers: [] } } },
})

const ownedPod = (name: string, owner: { readonly name?: string; readonly uid?: string }): Pod => ({
  metadata: {
    name,
    namespace: 'default',
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner.name ?? '', uid: owner.uid ?? '', controller: true },
    ],
  },
  spec: { containers: [] },
})

type Reconcile = ControllerDefinition['reconcile']

async function running(
  reconcile: Reconcile,
  more: Partial<ControllerDefinition> = {},
): Promise<{ readonly bench: TestBench; readonly controllers: RunningControllers }> {
  const bench = testBench()
  const definition = defineController({ name: 'test', for: replicaSets, owns: [pods], reconcile, ...more })
  const { client, env, signal } = bench
  const controllers = runControllers([definition], { client, env, signal, freeze: true })
  await controllers.ready
  await bench.settle()
  return { bench, controllers }
}

describe('runControllers', () => {
  it('reconciles an object when it, what it owns, or what it watches changes', async () => {
    const keys: string[] = []
    const { bench } = await running(
      async (key) => {
        keys.push(key)
        return done
      },
      { watches: [watches({ resource: nodes, keys: (now) => [`node:${now?.metadata.name}`] })] },
    )
    const { metadata } = await bench.client(replicaSets).create(replicaSet('web'))
    await bench.settle()
    await bench.client(pods).create(ownedPod('a', metadata))
    await bench.client(pods).create({ metadata: { name: 'lone', namespace: 'default' }, spec: { containers: [] } })
    await bench.client(nodes).create({ metadata: { name: 'n1' }, spec: {} })
    await bench.settle()
    assert.deepEqual(keys, ['default/web', 'default/web', 'node:n1'])
    bench.stop()
  })

  it('tries again with back-off after an error, and at the asked time after success', async () => {
    const at: number[] = []
    const { bench } = await running(async (_key, { env }): Promise<Result> => {
      at.push(env.clock.monotonic())
      if (at.length < 4) throw new Error('not yet')
      return at.length === 4 ? { requeueAfterMs: 1000 } : done
    })
    await bench.client(replicaSets).create(replicaSet('web'))
    await bench.clock.advance(60_000)
    assert.deepEqual(at, [0, 5, 15, 35, 1035])
    bench.stop()
  })

  it('does not reconcile a key again before the caches show what it wrote', async () => {
    let writes = 0
    const { bench } = await running(async (key, { lister, client }) => {
      const owner = lister(replicaSets).get(key)
      if (!owner || lister(pods).controlledBy(owner).length > 0) return done
      writes++
      await client(pods).create(ownedPod(`p${writes}`, owner.metadata))
      return { requeueAfterMs: 0 }
    })
    // The watch of pods shows nothing for a while.
    bench.api.intercept = ({ path }) => {
      if (path.startsWith('/api/v1/pods?watch')) throw failure('ServiceUnavailable', 'not now')
    }
    bench.api.closeWatches()
    await bench.settle()
    await bench.client(replicaSets).create(replicaSet('web'))
    await bench.clock.advance(20_000)
    assert.equal(writes, 1)
    bench.api.intercept = undefined
    await bench.clock.advance(60_000)
    assert.equal(writes, 1)
    bench.stop()
  })

  it('does not reconcile a key again before the caches show what it deleted', async () => {
    let deletes = 0
    const { bench } = await running(async (key, { lister, client }) => {
      const owner = lister(replicaSets).get(key)
      const [owned] = owner ? lister(pods).controlledBy(owner) : []
      if (!owned) return done
      deletes++
      await client(pods).delete(owned)
      return { requeueAfterMs: 0 }
    })
    const { metadata } = await bench.client(replicaSets).create(replicaSet('web'))
    await bench.settle()
    await bench.client(pods).create(ownedPod('a', metadata))
    await bench.clock.advance(10_000)
    assert.equal(deletes, 1)
    bench.stop()
  })

  it('reconciles a key that is woken often at most once per coalesceMs', async () => {
    let runs = 0
    const { bench } = await running(
      async () => {
        runs++
        return done
      },
      { coalesceMs: 100 },
    )
    const { metadata } = await bench.client(replicaSets).create(replicaSet('web'))
    await bench.settle()
    for (let i = 0; i < 20; i++) {
      await bench.client(pods).create(ownedPod(`p${i}`, metadata))
      await bench.clock.advance(10)
    }
    await bench.clock.advance(1000)
    assert.equal(runs, 3)
    bench.stop()
  })

  it('runs no more than one reconcile of a key and so many of all at a time', async () => {
    let active = 0
    let most = 0
    const release: (() => void)[] = []
    const { bench, controllers } = await running(
      async () => {
        most = Math.max(most, ++active)
        await new Promise<void>((resolve) => release.push(resolve))
        active--
        return done
      },
      { concurrency: 2 },
    )
    for (const name of ['a', 'b', 'c']) await bench.client(replicaSets).create(replicaSet(name))
    await bench.client(replicaSets).patch('default/a', 'merge', { metadata: { labels: { x: 'y' } } })
    await bench.settle()
    assert.equal(most, 2)
    assert.equal(controllers.idle(), false)
    for (let round = 0; round < 4; round++) {
      for (const go of release.splice(0)) go()
      await bench.settle()
    }
    assert.equal(most, 2)
    assert.equal(controllers.idle(), true)
    bench.stop()
    await controllers.stopped
  })
})
