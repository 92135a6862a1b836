import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../api/generated/types/core/v1.ts'
import type { Frozen } from '../apimachinery/meta.ts'
import { deployments, nodes, pods, startCluster, type Cluster } from './index.ts'

const seconds = (cluster: Cluster, since: number): number => Math.round((cluster.now() - since) / 1000)

function pod(name: string, more: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'app:v1' }], ...more },
  }
}

async function running(cluster: Cluster, name: string): Promise<Frozen<Pod>> {
  return cluster.until(async () => {
    const found = await cluster.client(pods).get(`default/${name}`)
    return found.status?.phase === 'Running' && found
  })
}

const tainted = (cluster: Cluster, node: string) => async () =>
  (await cluster.client(nodes).get(node)).spec.taints?.some(({ effect }) => effect === 'NoExecute')

describe('simulated nodes of a cluster', () => {
  it('that are switched off lose their pods to others, when upstream would give them up', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
    const labels = { app: 'web' }
    await cluster.client(deployments).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 4,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:v1' }] } },
      },
    })
    const ready = async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas
    await cluster.until(async () => (await ready()) === 4)
    // A day of health, through which nobody had to hear from the nodes often.
    await cluster.advance('1d')
    const began = cluster.now()
    await cluster.nodes.stop('node-1')
    await cluster.until(async () => (await ready()) === 2)
    assert.equal(seconds(cluster, began), 50)
    await cluster.until(tainted(cluster, 'node-1'))
    assert.equal(seconds(cluster, began), 55)
    await cluster.until(async () => (await ready()) === 4)
    assert.equal(seconds(cluster, began), 355)

    await cluster.nodes.start('node-1')
    await cluster.until(async () => (await cluster.client(pods).list({ namespace: 'default' })).items.length === 4)
    await cluster.until(async () => !(await tainted(cluster, 'node-1')()))
  })

  it('that are cut off keep their pods running, and are told apart from those that are off when they are back', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
    await cluster.client(pods).create(pod('a', { nodeName: 'node-1', tolerations: [{ operator: 'Exists' }] }))
    const { status } = await running(cluster, 'a')
    const heal = await cluster.nodes.partition('node-1')
    await cluster.until(tainted(cluster, 'node-1'))
    assert.equal(
      (await cluster.client(pods).get('default/a')).status?.conditions?.find((c) => c.type === 'Ready')?.status,
      'False',
    )
    heal()
    await cluster.until(async () => !(await tainted(cluster, 'node-1')()))
    const after = await cluster.until(async () => {
      const found = await cluster.client(pods).get('default/a')
      return found.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' && found
    })
    const [before, now] = [status, after.status].map((s) => s?.containerStatuses?.[0])
    assert.equal(now?.containerID, before?.containerID)
    assert.equal(now?.restartCount, 0)
  })

  it('can be added and removed', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 1 })
    const name = await cluster.nodes.add({ labels: { disk: 'ssd' } })
    await cluster.client(pods).create(pod('a', { nodeSelector: { disk: 'ssd' } }))
    assert.equal((await running(cluster, 'a')).spec.nodeName, name)
    await cluster.nodes.remove(name)
    assert.deepEqual(cluster.nodes.names, ['node-1'])
    // The pod garbage collector lets go of pods whose node is gone.
    await cluster.until(async () => (await cluster.client(pods).list({ namespace: 'default' })).items.length === 0)
    await assert.rejects(cluster.nodes.stop(name), /no node node-2 runs; there are node-1/)
  })

  it('do what the script says: pulls, delays, readiness, exit codes, logs', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: {
        image: (name) => (name === 'slow:v1' ? { absent: true, pullMs: 20_000 } : undefined),
        pod: ({ name }) =>
          name === 'slow'
            ? { containers: { main: { startMs: 3000, readyAfterMs: 10_000, logs: ['hello'] } } }
            : undefined,
      },
    })
    const began = cluster.now()
    const probe = { httpGet: { port: 80 } }
    await cluster
      .client(pods)
      .create(pod('slow', { containers: [{ name: 'main', image: 'slow:v1', readinessProbe: probe }] }))
    await running(cluster, 'slow')
    assert.equal(seconds(cluster, began), 23)
    const isReady = async () =>
      (await cluster.client(pods).get('default/slow')).status?.containerStatuses?.some(({ ready }) => ready)
    await cluster.until(isReady)
    assert.equal(seconds(cluster, began), 33)
    const logs = await cluster.client.transport.request({
      method: 'GET',
      path: '/api/v1/namespaces/default/pods/slow/log',
    })
    assert.equal(logs.body, 'hello\n')
  })

  it('back off from a container that crashes, longer each time', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const crash = { containers: { '*': { runMs: 1000, exitCode: 3 } } }
    await cluster.client(pods).create({
      ...pod('crash'),
      metadata: {
        name: 'crash',
        namespace: 'default',
        annotations: { 'skiff.simulated/script': JSON.stringify(crash) },
      },
    })
    const starts: number[] = []
    const began = cluster.now()
    for (let restarts = 1; restarts <= 7; restarts++) {
      const container = await cluster.until(async () => {
        const { status } = await cluster.client(pods).get('default/crash')
        const [first] = status?.containerStatuses ?? []
        return first?.restartCount === restarts && first.state?.running && first
      })
      assert.equal(container.lastState?.terminated?.exitCode, 3)
      starts.push(seconds(cluster, began))
    }
    const pauses = starts.map((at, i) => at - (starts[i - 1] ?? 0) - 1)
    assert.deepEqual(pauses, [0, 10, 20, 40, 80, 160, 300])
    await cluster.advance('2s')
    const { status } = await cluster.client(pods).get('default/crash')
    assert.equal(status?.containerStatuses?.[0]?.state?.waiting?.reason, 'CrashLoopBackOff')
  })

  it('lose a container from outside and start it again', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(pods).create(pod('a'))
    cluster.nodes.crash(await running(cluster, 'a'), { exitCode: 137 })
    const [status] = await cluster.until(async () => {
      const found = (await cluster.client(pods).get('default/a')).status?.containerStatuses ?? []
      return found[0]?.restartCount === 1 && found
    })
    assert.equal(status?.lastState?.terminated?.exitCode, 137)
  })
})
