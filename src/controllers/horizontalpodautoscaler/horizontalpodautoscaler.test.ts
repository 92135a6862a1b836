import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { HorizontalPodAutoscaler } from '../../api/generated/types/autoscaling/v2.ts'
import { deployments, horizontalPodAutoscalers, pods } from '../../api/index.ts'
import type { Client } from '../../client/client.ts'
import type { ControllerDefinition } from '../../client/controller.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import { deploymentController } from '../deployment/controller.ts'
import { replicaSetController } from '../replicaset/controller.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { horizontalPodAutoscalerController } from './controller.ts'

interface Bench extends ControllerBench {
  /** What every pod uses from now on. */
  use(memory: string | undefined): void
  replicas(): Promise<number | undefined>
  condition(type: string): Promise<string>
  make(name?: string, spec?: Partial<HorizontalPodAutoscaler['spec']>): Promise<void>
}

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const MEMORY = [
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
]

async function start(replicas = 1): Promise<Bench> {
  let memory: string | undefined = '100Mi'
  const bench: ControllerBench = await startBench([
    deploymentController,
    replicaSetController,
    measuring(horizontalPodAutoscalerController(), async () => {
      const { items } = await bench.client(pods).list()
      const timestampNow = timestamp(bench.clock.now())
      const item = (name: string | undefined) => ({
        metadata: { name },
        timestamp: timestampNow,
        window: '15s',
        containers: [{ name: 'app', usage: { memory } }],
      })
      return memory === undefined ? undefined : items.map(({ metadata }) => item(metadata.name))
    }),
  ])
  await bench.client(deployments).create({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'i' }] } },
    },
  })
  await bench.settle()
  await bench.runPods((await bench.client(pods).list()).items)
  const autoscaler = () => bench.client(horizontalPodAutoscalers).get('default/web')
  return {
    ...bench,
    use: (amount) => void (memory = amount),
    replicas: async () => (await bench.client(deployments).get('default/web')).spec.replicas,
    async condition(type) {
      const found = (await autoscaler()).status?.conditions?.find((condition) => condition.type === type)
      return `${found?.status} ${found?.reason}`
    },
    async make(name = 'web', spec = {}) {
      await bench.client(horizontalPodAutoscalers).create({
        metadata: { name, namespace: 'default' },
        spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics: MEMORY, ...spec },
      })
      await bench.settle()
    },
  }
}

/** The controller, before an API server that has metrics. */
function measuring(
  definition: ControllerDefinition<HorizontalPodAutoscaler>,
  items: () => Promise<readonly object[] | undefined>,
): ControllerDefinition<HorizontalPodAutoscaler> {
  const seeing = (client: Client): Client => {
    const transport: Client['transport'] = {
      async request(request) {
        if (!request.path.startsWith('/apis/metrics.k8s.io/')) return client.transport.request(request)
        const found = await items()
        if (!found) return { status: 404, headers: {}, body: '404 page not found\n' }
        return { status: 200, headers: {}, body: { items: found } }
      },
    }
    return Object.assign(((resource) => client(resource)) as Client, { transport })
  }
  return {
    ...definition,
    reconcile: (key, context) => definition.reconcile(key, { ...context, client: seeing(context.client) }),
  }
}

it('a workload grows with its use at once, and shrinks when that has been less for five minutes', async () => {
  const bench = await start()
  await bench.make()
  bench.use('300Mi')
  await bench.advance(14_000)
  assert.equal(await bench.replicas(), 1)
  await bench.advance(2_000)
  assert.equal(await bench.replicas(), 3)
  const autoscaler = await bench.client(horizontalPodAutoscalers).get('default/web')
  assert.deepEqual(await bench.eventsOf(autoscaler), [
    'SuccessfulRescale: New size: 3; reason: memory resource above target',
  ])
  assert.deepEqual(autoscaler.status?.currentMetrics, [
    { type: 'Resource', resource: { name: 'memory', current: { averageValue: '300Mi' } } },
  ])
  assert.equal(await bench.condition('ScalingActive'), 'True ValidMetricFound')
  await bench.runPods((await bench.client(pods).list()).items)
  bench.use('50Mi')
  await bench.advance(240_000)
  assert.equal(await bench.replicas(), 3)
  assert.equal(await bench.condition('AbleToScale'), 'True ScaleDownStabilized')
  await bench.advance(120_000)
  assert.equal(await bench.replicas(), 2)
  await bench.stop()
})

it('without metrics nothing changes, and the autoscaler says why', async () => {
  const bench = await start()
  await bench.make()
  bench.use(undefined)
  await bench.advance(16_000)
  assert.equal(await bench.replicas(), 1)
  assert.equal(await bench.condition('ScalingActive'), 'False FailedGetResourceMetric')
  const autoscaler = await bench.client(horizontalPodAutoscalers).get('default/web')
  const why =
    'failed to get memory usage: unable to get metrics for resource memory: unable to fetch metrics from resource metrics API: the server could not find the requested resource'
  assert.deepEqual((await bench.eventsOf(autoscaler)).toSorted(), [
    `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get memory resource metric value: ${why}`,
    `FailedGetResourceMetric: ${why}`,
  ])
  await bench.stop()
})

it('the bounds hold without metrics', async () => {
  const bench = await start(9)
  await bench.make()
  bench.use(undefined)
  await bench.advance(16_000)
  assert.equal(await bench.replicas(), 5)
  await bench.stop()
})

it('a workload that was scaled to nothing stays so', async () => {
  const bench = await start(0)
  await bench.make()
  await bench.advance(60_000)
  assert.equal(await bench.replicas(), 0)
  assert.equal(await bench.condition('ScalingActive'), 'False ScalingDisabled')
  await bench.stop()
})

it('a target that is not there is told', async () => {
  const bench = await start()
  await bench.make('web', { scaleTargetRef: { ...scaleTargetRef, name: 'other' } })
  await bench.advance(16_000)
  assert.equal(await bench.condition('AbleToScale'), 'False FailedGetScale')
  await bench.stop()
})

it('two autoscalers of the same pods do nothing', async () => {
  const bench = await start()
  await bench.make()
  await bench.make('again')
  await bench.advance(16_000)
  bench.use('300Mi')
  await bench.advance(30_000)
  assert.equal(await bench.condition('ScalingActive'), 'False AmbiguousSelector')
  assert.equal(await bench.replicas(), 1)
  await bench.stop()
})
