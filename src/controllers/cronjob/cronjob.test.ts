import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CronJob } from '../../api/generated/types/batch/v1.ts'
import { cronJobs, jobs, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { garbageCollector } from '../garbagecollector/controller.ts'
import { jobController } from '../job/controller.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { cronJobController } from './controller.ts'

const cronJob = (schedule: string, more: Partial<CronJob['spec']> = {}): CronJob => ({
  metadata: { name: 'tick', namespace: 'default' },
  spec: {
    schedule,
    jobTemplate: {
      metadata: { labels: { from: 'tick' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    },
    ...more,
  },
})

interface Bench extends ControllerBench {
  made: Frozen<CronJob>
  minutes(count: number): Promise<void>
  jobNames(): Promise<string[]>
  get(): Promise<Frozen<CronJob>>
  endPods(): Promise<void>
  told(): Promise<string[]>
}

async function start(given: CronJob): Promise<Bench> {
  const bench = await startBench([cronJobController, jobController(), garbageCollector()])
  const made = await bench.client(cronJobs).create(given)
  await bench.settle()
  return {
    ...bench,
    made,
    minutes: (count) => bench.advance(count * 60_000 + 500),
    jobNames: async () => (await bench.client(jobs).list()).items.map(({ metadata }) => metadata.name ?? ''),
    get: () => bench.client(cronJobs).get('default/tick'),
    async endPods() {
      for (const pod of (await bench.client(pods).list()).items)
        if (pod.status?.phase !== 'Succeeded') await bench.setPod(pod, { phase: 'Succeeded' })
      await bench.advance(500)
    },
    told: () => bench.eventsOf(made),
  }
}

/** The name of the Job of so many minutes after the bench's start. */
const nameAt = (minutes: number): string => `tick-${Date.UTC(2026, 0, 1) / 60_000 + minutes}`

describe('cronjob controller', () => {
  it('starts a Job at each time, named after it, and notes what runs', async () => {
    const bench = await start(cronJob('*/5 * * * *'))
    await bench.minutes(4)
    assert.deepEqual(await bench.jobNames(), [])
    await bench.minutes(1)
    assert.deepEqual(await bench.jobNames(), [nameAt(5)])
    const job = await bench.client(jobs).get(`default/${nameAt(5)}`)
    assert.equal(job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T00:05:00Z')
    assert.equal(job.metadata.labels?.['from'], 'tick')
    const { status } = await bench.get()
    assert.equal(status?.lastScheduleTime, '2026-01-01T00:05:00Z')
    assert.deepEqual(
      status?.active?.map(({ name }) => name),
      [nameAt(5)],
    )
    await bench.endPods()
    const after = (await bench.get()).status
    assert.equal(after?.active, undefined)
    assert.ok(after?.lastSuccessfulTime)
    assert.deepEqual(await bench.told(), [
      `SuccessfulCreate: Created job ${nameAt(5)}`,
      `SawCompletedJob: Saw completed job: ${nameAt(5)}, condition: Complete`,
    ])
    await bench.stop()
  })

  it('lets runs overlap, forbids it, or replaces the one that runs', async () => {
    for (const [concurrencyPolicy, expected] of [
      ['Allow', [nameAt(1), nameAt(2)]],
      ['Forbid', [nameAt(1)]],
      ['Replace', [nameAt(2)]],
    ] as const) {
      const bench = await start(cronJob('* * * * *', { concurrencyPolicy }))
      await bench.minutes(2)
      assert.deepEqual(await bench.jobNames(), expected, concurrencyPolicy)
      await bench.stop()
    }
  })

  it('keeps as many finished Jobs as asked', async () => {
    const bench = await start(cronJob('* * * * *', { successfulJobsHistoryLimit: 2 }))
    for (let minute = 0; minute < 5; minute++) {
      await bench.minutes(1)
      await bench.endPods()
    }
    await bench.advance(1000)
    assert.deepEqual(await bench.jobNames(), [nameAt(4), nameAt(5)])
    await bench.stop()
  })

  it('makes up only for the latest missed time, if it is not too late', async () => {
    const bench = await start(cronJob('*/10 * * * *', { suspend: true, startingDeadlineSeconds: 200 }))
    await bench.minutes(35)
    const resume = async (): Promise<void> => {
      const now = await bench.get()
      await bench.client(cronJobs).update({ ...now, spec: { ...now.spec, suspend: false } } as CronJob)
      await bench.advance(500)
    }
    await resume()
    assert.deepEqual(await bench.jobNames(), [])
    await bench.minutes(5)
    assert.deepEqual(await bench.jobNames(), [nameAt(40)])
    await bench.stop()
  })

  it('starts a Job that was missed a moment ago', async () => {
    const bench = await start(cronJob('*/10 * * * *', { suspend: true }))
    await bench.minutes(35)
    const now = await bench.get()
    await bench.client(cronJobs).update({ ...now, spec: { ...now.spec, suspend: false } } as CronJob)
    await bench.advance(500)
    assert.deepEqual(await bench.jobNames(), [nameAt(30)])
    await bench.stop()
  })

  it('notes a Job that has gone', async () => {
    const bench = await start(cronJob('*/5 * * * *'))
    await bench.minutes(5)
    await bench.client(jobs).delete(`default/${nameAt(5)}`, { propagationPolicy: 'Background' })
    await bench.advance(1000)
    assert.equal((await bench.get()).status?.active, undefined)
    assert.ok((await bench.told()).includes(`MissingJob: Active job went missing: ${nameAt(5)}`))
    await bench.stop()
  })
})
