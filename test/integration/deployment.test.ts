import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReplicaSet } from '../../src/api/generated/types/apps/v1.ts'
import { deployments, pods, replicaSets, startCluster, type Cluster } from '../../src/testing/index.ts'
import { deployment } from './objects.ts'

const WEB = 'default/web'
const get = (cluster: Cluster) => cluster.client(deployments).get(WEB)

/** What `kubectl rollout status` waits for. */
async function rolledOut(cluster: Cluster): Promise<void> {
  await cluster.until(async () => {
    const { metadata, spec, status } = await get(cluster)
    const { observedGeneration, replicas, updatedReplicas, availableReplicas } = status ?? {}
    return (
      observedGeneration === metadata.generation &&
      [replicas, updatedReplicas, availableReplicas].every((count) => count === spec?.replicas)
    )
  })
}

const setImage = (cluster: Cluster, image: string) =>
  cluster.client(deployments).patch(WEB, 'strategic', {
    spec: { template: { spec: { containers: [{ name: 'main', image }] } } },
  })

async function imagesOf(cluster: Cluster): Promise<Set<string | undefined>> {
  const { items } = await cluster.client(pods).list({ namespace: 'default' })
  return new Set(items.map(({ spec }) => spec.containers[0]?.image))
}

const slow = { pod: () => ({ containers: { main: { readyAfterMs: 3000 } } }) }
const probed = (replicas: number, more = {}) => {
  const { spec, metadata } = deployment('web', replicas, more)
  const [main] = spec?.template.spec?.containers ?? []
  if (main) main.readinessProbe = { httpGet: { port: 80 } }
  return { metadata, spec }
}

describe('a Deployment', () => {
  it("says in managedFields that upstream's controller manager wrote what controllers wrote", async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(deployments).create(deployment('web', 1))
    await rolledOut(cluster)
    const managersOf = ({ metadata }: { metadata: { managedFields?: readonly { manager?: string }[] } }) =>
      (metadata.managedFields ?? []).map(({ manager }) => manager)
    const { items: sets } = await cluster.client(replicaSets).list({ namespace: 'default' })
    const { items: made } = await cluster.client(pods).list({ namespace: 'default' })
    const managers = [await get(cluster), ...sets, ...made].map((object) => new Set(managersOf(object)))
    assert.deepEqual(managers, [
      new Set(['skiff-testing', 'kube-controller-manager']),
      new Set(['kube-controller-manager']),
      new Set(['kube-controller-manager', 'kubelet']),
    ])
  })

  it('rolls out with never fewer ready pods, nor more pods, than it may', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 3, script: slow })
    const strategy = { type: 'RollingUpdate' as const, rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } }
    await cluster.client(deployments).create(probed(8, { strategy }))
    await rolledOut(cluster)
    const before = cluster.store.revision
    await setImage(cluster, 'app:v2')
    await rolledOut(cluster)
    assert.deepEqual(await imagesOf(cluster), new Set(['app:v2']))
    const sizes = new Map<string, number>()
    for (const { revision, key, object } of await cluster.history()) {
      if (revision <= before) continue
      if (key === `/registry/deployments/${WEB}`) {
        const { status } = object as Awaited<ReturnType<typeof get>>
        assert.ok((status?.availableReplicas ?? 0) >= 7, `${status?.availableReplicas} available at ${revision}`)
      }
      if (!key.startsWith('/registry/replicasets/')) continue
      sizes.set(key, (object as ReplicaSet | undefined)?.spec?.replicas ?? 0)
      assert.ok([...sizes.values()].reduce((sum, size) => sum + size, 0) <= 10)
    }
    assert.equal(sizes.size, 2)
  })

  it('goes back to what an older ReplicaSet holds, which then is the newest revision', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
    await cluster.client(deployments).create(deployment('web', 3))
    await rolledOut(cluster)
    await setImage(cluster, 'app:v2')
    await rolledOut(cluster)
    await setImage(cluster, 'app:v1')
    await rolledOut(cluster)
    const { items } = await cluster.client(replicaSets).list({ namespace: 'default' })
    const revisions = items.map(({ metadata, spec }) => [
      spec?.template?.spec?.containers[0]?.image,
      metadata.annotations?.['deployment.kubernetes.io/revision'],
      spec?.replicas,
    ])
    assert.deepEqual(new Set(revisions.map((r) => r.join(' '))), new Set(['app:v1 3 3', 'app:v2 2 0']))
  })

  it('keeps as many old ReplicaSets as its history may be long', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(deployments).create(deployment('web', 1, { revisionHistoryLimit: 2 }))
    for (const version of ['v2', 'v3', 'v4', 'v5']) {
      await rolledOut(cluster)
      await setImage(cluster, `app:${version}`)
    }
    await rolledOut(cluster)
    await cluster.until(
      async () => (await cluster.client(replicaSets).list({ namespace: 'default' })).items.length === 3,
    )
  })

  it('that recreates has no pods of two versions at a time', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: { pod: () => ({ containers: { main: { stopMs: 5000 } } }) },
    })
    await cluster.client(deployments).create(deployment('web', 2, { strategy: { type: 'Recreate' } }))
    await rolledOut(cluster)
    await setImage(cluster, 'app:v2')
    for (let second = 0; second < 8; second++) {
      assert.equal((await imagesOf(cluster)).size, 1)
      await cluster.advance('1s')
    }
    await rolledOut(cluster)
    assert.deepEqual(await imagesOf(cluster), new Set(['app:v2']))
  })

  it('does nothing while it is paused', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(deployments).create(deployment('web', 2))
    await rolledOut(cluster)
    await cluster.client(deployments).patch(WEB, 'merge', { spec: { paused: true } })
    await setImage(cluster, 'app:v2')
    await cluster.advance('1h')
    assert.deepEqual(await imagesOf(cluster), new Set(['app:v1']))
    await cluster.client(deployments).patch(WEB, 'merge', { spec: { paused: false } })
    await rolledOut(cluster)
    assert.deepEqual(await imagesOf(cluster), new Set(['app:v2']))
  })

  it('says that it makes no progress when its deadline has passed', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const stuck = deployment('web', 1, { progressDeadlineSeconds: 60 })
    const [main] = stuck.spec?.template.spec?.containers ?? []
    if (main) main.image = 'registry.invalid/app:v1'
    await cluster.client(deployments).create(stuck)
    await cluster.advance('61s')
    const { status } = await get(cluster)
    const progressing = status?.conditions?.find(({ type }) => type === 'Progressing')
    assert.equal(progressing?.reason, 'ProgressDeadlineExceeded')
    const { items } = await cluster.client(pods).list({ namespace: 'default' })
    assert.match(
      items[0]?.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '',
      /^(ErrImagePull|ImagePullBackOff)$/,
    )
  })
})
