import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cronJobs, jobs, pods, startCluster, type Cluster } from '../../src/testing/index.ts'
import { job } from './objects.ts'

const get = (cluster: Cluster, name = 'work') => cluster.client(jobs).get(`default/${name}`)

async function ended(cluster: Cluster) {
  return cluster.until(async () => {
    const found = await get(cluster)
    return found.status?.conditions?.find(
      ({ type, status }) => ['Complete', 'Failed'].includes(type) && status === 'True',
    )
  })
}

describe('a Job', () => {
  it('runs as many pods as it should, so many at a time', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
    const began = cluster.now()
    await cluster.client(jobs).create(job('work', { runMs: 10_000 }, { completions: 6, parallelism: 2 }))
    await cluster.advance('5s')
    assert.equal((await get(cluster)).status?.active, 2)
    const { type, reason } = await ended(cluster)
    assert.deepEqual([type, reason], ['Complete', 'CompletionsReached'])
    assert.equal((await get(cluster)).status?.succeeded, 6)
    assert.equal(Math.floor((cluster.now() - began) / 10_000), 3)
  })

  it('fails when its pods failed too often, with back-off in between', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const began = cluster.now()
    await cluster.client(jobs).create(job('work', { runMs: 1000, exitCode: 2 }, { backoffLimit: 3 }))
    const { type, reason, message } = await ended(cluster)
    assert.deepEqual([type, reason], ['Failed', 'BackoffLimitExceeded'])
    assert.equal(message, 'Job has reached the specified backoff limit')
    assert.equal((await get(cluster)).status?.failed, 4)
    // Ten, twenty and forty seconds of back-off.
    assert.ok(cluster.now() - began > 70_000)
  })

  it('gives each pod its index', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed' as const }
    await cluster.client(jobs).create(job('work', { runMs: 1000 }, spec))
    await ended(cluster)
    const { items } = await cluster.client(pods).list({ namespace: 'default' })
    const indexes = items.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'])
    assert.deepEqual(new Set(indexes), new Set(['0', '1', '2']))
    assert.equal((await get(cluster)).status?.completedIndexes, '0-2')
  })

  it('ends when its deadline has passed, and goes when its time to live has', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const spec = { activeDeadlineSeconds: 30, ttlSecondsAfterFinished: 60 }
    await cluster.client(jobs).create(job('work', { runMs: 3_600_000 }, spec))
    const { reason } = await ended(cluster)
    assert.equal(reason, 'DeadlineExceeded')
    await cluster.advance('2m')
    await assert.rejects(get(cluster), /not found/)
    assert.deepEqual((await cluster.client(pods).list({ namespace: 'default' })).items, [])
  })

  it('waits while it is suspended', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(jobs).create(job('work', { runMs: 1000 }, { suspend: true }))
    await cluster.advance('1h')
    assert.equal((await get(cluster)).status?.active ?? 0, 0)
    await cluster.client(jobs).patch('default/work', 'merge', { spec: { suspend: false } })
    assert.equal((await ended(cluster)).type, 'Complete')
  })
})

describe('a CronJob', () => {
  const cron = (script: object, more: object) => {
    const { spec } = job('tick', script)
    return {
      metadata: { name: 'tick', namespace: 'default' },
      spec: { schedule: '*/10 * * * *', jobTemplate: { spec: spec ?? { template: {} } }, ...more },
    }
  }
  const names = async (cluster: Cluster): Promise<number> =>
    (await cluster.client(jobs).list({ namespace: 'default' })).items.length

  it('runs on time and keeps as much history as it should', async () => {
    await using cluster = await startCluster({ time: 'virtual', startMs: Date.UTC(2026, 2, 1, 0, 5) })
    await cluster.client(cronJobs).create(cron({ runMs: 1000 }, { successfulJobsHistoryLimit: 2 }))
    await cluster.advance('4m')
    assert.equal(await names(cluster), 0)
    await cluster.advance('90s')
    assert.equal(await names(cluster), 1)
    await cluster.advance('1h')
    assert.equal(await names(cluster), 2)
    const { status } = await cluster.client(cronJobs).get('default/tick')
    assert.equal(status?.lastScheduleTime, '2026-03-01T01:10:00Z')
  })

  it('that forbids it runs no two Jobs at a time', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    await cluster.client(cronJobs).create(cron({ runMs: 25 * 60_000 }, { concurrencyPolicy: 'Forbid' }))
    await cluster.advance('34m')
    assert.equal(await names(cluster), 1)
    await cluster.advance('7m')
    assert.equal(await names(cluster), 2)
  })
})
