import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '../../apiserver/metrics/metrics.ts'
import { WorkQueue } from '../../client/workqueue/workqueue.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { queueMetrics } from './queue-metrics.ts'

test("the queues of controllers are counted under upstream's names", async () => {
  const metrics = new Metrics()
  const clock = new VirtualClock()
  const queue = new WorkQueue({ clock, metrics: queueMetrics(metrics)('deployment') })
  queue.add('a')
  queue.add('b')
  await clock.advance(50)
  const key = await queue.get()
  await clock.advance(2000)
  queue.done(key ?? '')
  queue.addRateLimited('a')
  queueMetrics(metrics)('deployment').added?.(1)
  const text = await metrics.text()
  const has = (line: string): void => assert.ok(text.includes(`\n${line}\n`), `${line} in ${text}`)
  has('workqueue_adds_total{name="deployment"} 3')
  has('workqueue_depth{name="deployment"} 1')
  has('workqueue_retries_total{name="deployment"} 1')
  has('workqueue_queue_duration_seconds_bucket{name="deployment",le="0.01"} 0')
  has('workqueue_queue_duration_seconds_bucket{name="deployment",le="0.1"} 1')
  has('workqueue_work_duration_seconds_bucket{name="deployment",le="1e-05"} 0')
  has('workqueue_work_duration_seconds_sum{name="deployment"} 2')
})
