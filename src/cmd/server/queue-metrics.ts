import type { Metrics } from '../../apiserver/metrics/metrics.ts'
import type { WorkQueueMetrics } from '../../client/workqueue/workqueue.ts'

/** 10 ns to 10 s. */
const BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]

/** Gives the metrics of one controller's queue. */
type QueueMetrics = (name: string) => WorkQueueMetrics

/** Controllers begin anew whenever this process leads again, and count on. */
const known = new WeakMap<Metrics, QueueMetrics>()

/** Upstream's workqueue_* metrics. */
export function queueMetrics(metrics: Metrics): QueueMetrics {
  const made = known.get(metrics) ?? register(metrics)
  known.set(metrics, made)
  return made
}

function register(metrics: Metrics): QueueMetrics {
  const ofQueue = { stability: 'BETA', labels: ['name'] } as const
  const adds = metrics.counter({ name: 'workqueue_adds_total', help: 'Keys that were added.', ...ofQueue })
  const depth = metrics.gauge({ name: 'workqueue_depth', help: 'Keys that stand in line.', ...ofQueue })
  const retries = metrics.counter({ name: 'workqueue_retries_total', help: 'Keys that are tried again.', ...ofQueue })
  const waited = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys stood in line.',
    buckets: BUCKETS,
    ...ofQueue,
  })
  const worked = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long the work for a key took.',
    buckets: BUCKETS,
    ...ofQueue,
  })
  return (name) => {
    const [added, line, retried] = [adds.of(name), depth.of(name), retries.of(name)]
    const [waiting, working] = [waited.of(name), worked.of(name)]
    return {
      added(length) {
        added.inc()
        line.set(length)
      },
      started(length, waitedMs) {
        line.set(length)
        waiting.observe(waitedMs / 1000)
      },
      finished: (workedMs) => working.observe(workedMs / 1000),
      retried: () => retried.inc(),
    }
  }
}
