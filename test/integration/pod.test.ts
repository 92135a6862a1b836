import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../src/api/generated/types/core/v1.ts'
import type { Frozen } from '../../src/apimachinery/meta.ts'
import { hasReason } from '../../src/apimachinery/status.ts'
import { endpointSlices, pods, services, startCluster, type Cluster } from '../../src/testing/index.ts'
import { pod } from './objects.ts'

const get = (cluster: Cluster, name: string) => cluster.client(pods).get(`default/${name}`)
const inPhase = (cluster: Cluster, name: string, phase: string): Promise<Frozen<Pod>> =>
  cluster.until(async () => {
    const found = await get(cluster, name)
    return found.status?.phase === phase && found
  })
const isReady = ({ status }: Frozen<Pod>): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

describe('a pod', () => {
  it('runs its init containers one after another, then its containers', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: { pod: () => ({ containers: { one: { runMs: 2000 }, two: { runMs: 3000 } } }) },
    })
    const initContainers = ['one', 'two'].map((name) => ({ name, image: 'init:v1' }))
    await cluster.client(pods).create(pod('a', { initContainers }))
    const began = cluster.now()
    const { status } = await inPhase(cluster, 'a', 'Running')
    assert.equal(Math.floor((cluster.now() - began) / 1000), 5)
    const finished = status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)
    assert.deepEqual(finished, ['Completed', 'Completed'])
  })

  it('that is not restarted ends as its containers do', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const ends = (exitCode: number) => ({
      'skiff.simulated/script': JSON.stringify({ containers: { main: { runMs: 1000, exitCode, message: 'bye' } } }),
    })
    await cluster.client(pods).create(pod('good', { restartPolicy: 'Never' }, ends(0)))
    await cluster.client(pods).create(pod('bad', { restartPolicy: 'Never' }, ends(7)))
    await inPhase(cluster, 'good', 'Succeeded')
    const { status } = await inPhase(cluster, 'bad', 'Failed')
    const terminated = status?.containerStatuses?.[0]?.state?.terminated
    assert.deepEqual([terminated?.exitCode, terminated?.reason, terminated?.message], [7, 'Error', 'bye'])
  })

  it('is given its grace to end, and no more', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: { pod: ({ name }) => ({ containers: { main: { stopMs: name === 'slow' ? 600_000 : 5000 } } }) },
    })
    for (const name of ['quick', 'slow']) {
      await cluster.client(pods).create(pod(name))
      await inPhase(cluster, name, 'Running')
    }
    const began = cluster.now()
    for (const name of ['quick', 'slow']) await cluster.client(pods).delete(`default/${name}`)
    const secondsUntilGone = async (name: string): Promise<number> => {
      await cluster.until(() =>
        get(cluster, name).then(
          () => false as const,
          (error: unknown) => hasReason(error, 'NotFound'),
        ),
      )
      return Math.floor((cluster.now() - began) / 1000)
    }
    assert.equal(await secondsUntilGone('quick'), 5)
    assert.equal(await secondsUntilGone('slow'), 30)
  })

  it('whose liveness probe fails is restarted', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: { pod: () => ({ containers: { main: [{ liveForMs: 60_000 }, {}] } }) },
    })
    const containers = [{ name: 'main', image: 'app:v1', livenessProbe: { httpGet: { port: 80 } } }]
    await cluster.client(pods).create(pod('a', { containers }))
    await cluster.advance('5m')
    const { status } = await get(cluster, 'a')
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 1)
    assert.ok(isReady(await get(cluster, 'a')))
  })

  it('whose image is nowhere says so, and starts when it is there after all', async () => {
    let isThere = false
    await using cluster = await startCluster({
      time: 'virtual',
      script: { image: () => (isThere ? undefined : { absent: true, pullError: 'not found' }) },
    })
    await cluster.client(pods).create(pod('a'))
    const reason = async () => (await get(cluster, 'a')).status?.containerStatuses?.[0]?.state?.waiting?.reason
    await cluster.until(async () => (await reason()) === 'ErrImagePull')
    await cluster.until(async () => (await reason()) === 'ImagePullBackOff')
    isThere = true
    await inPhase(cluster, 'a', 'Running')
  })

  it('of higher priority takes the place of a lower one', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: [{ cpus: 2 }] })
    await cluster.apply(`
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
`)
    const containers = [{ name: 'main', image: 'app:v1', resources: { requests: { cpu: '1500m' } } }]
    await cluster.client(pods).create(pod('humble', { containers }))
    await inPhase(cluster, 'humble', 'Running')
    await cluster.client(pods).create(pod('important', { containers, priorityClassName: 'urgent' }))
    await inPhase(cluster, 'important', 'Running')
    await assert.rejects(get(cluster, 'humble'), (error) => hasReason(error, 'NotFound'))
  })
})

describe('a Service', () => {
  it('leads to the pods that are ready, as they come and go', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      nodes: 2,
      script: { pod: () => ({ containers: { main: { readyAfterMs: 5000 } } }) },
    })
    const selector = { app: 'web' }
    await cluster.client(services).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
    })
    const containers = [{ name: 'main', image: 'app:v1', readinessProbe: { httpGet: { port: 8080 } } }]
    for (const name of ['a', 'b']) {
      const { spec } = pod(name, { containers })
      await cluster.client(pods).create({ metadata: { name, namespace: 'default', labels: selector }, spec })
    }
    const endpoints = async (): Promise<string[]> => {
      const options = { namespace: 'default', labelSelector: 'kubernetes.io/service-name=web' }
      const { items } = await cluster.client(endpointSlices).list(options)
      const all = items.flatMap((slice) => slice.endpoints ?? [])
      return all.filter(({ conditions }) => conditions?.ready).map(({ targetRef }) => targetRef?.name ?? '')
    }
    await cluster.advance('2s')
    assert.deepEqual(await endpoints(), [])
    await cluster.until(async () => (await endpoints()).length === 2)
    await cluster.client(pods).delete('default/a')
    await cluster.until(async () => (await endpoints()).join() === 'b')
  })
})
