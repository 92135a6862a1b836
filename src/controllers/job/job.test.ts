import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Job } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { jobs, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { jobController } from './controller.ts'

const job = (spec: Partial<Job['spec']> = {}): Job => ({
  metadata: { name: 'work', namespace: 'default' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec },
})

interface Bench extends ControllerBench {
  make(spec?: Partial<Job['spec']>): Promise<Frozen<Job>>
  get(): Promise<Frozen<Job>>
  /** Pods at work, by index or name. */
  active(): Promise<readonly Frozen<Pod>[]>
  /** Ends pods with an exit code. */
  end(list: readonly (Frozen<Pod> | undefined)[], exitCode?: number): Promise<void>
  conditions(): Promise<string[]>
  /** What `kubectl get job` counts: active, succeeded, failed, ready. */
  counts(): Promise<(number | undefined)[]>
}

async function start(): Promise<Bench> {
  const bench = await startBench([jobController()])
  const get = () => bench.client(jobs).get('default/work')
  return {
    ...bench,
    get,
    async make(spec) {
      const made = await bench.client(jobs).create(job(spec))
      await bench.advance(100)
      return made
    },
    async active() {
      const { items } = await bench.client(pods).list()
      return items.filter(
        (pod) => !['Succeeded', 'Failed'].includes(pod.status?.phase ?? '') && !pod.metadata.deletionTimestamp,
      )
    },
    async end(list, exitCode = 0) {
      const finishedAt = new Date(bench.clock.now()).toISOString().replace('.000Z', 'Z')
      const state = { terminated: { exitCode, finishedAt } }
      const containerStatuses = [{ name: 'c', ready: false, restartCount: 0, image: 'i', imageID: '', state }]
      for (const pod of list) {
        assert.ok(pod)
        await bench.setPod(pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses })
      }
      await bench.advance(200)
    },
    async conditions() {
      return ((await get()).status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`)
    },
    async counts() {
      const { active, succeeded, failed, ready } = (await get()).status ?? {}
      return [active, succeeded, failed, ready]
    },
  }
}

const indexOf = (pod: Frozen<Pod>): string | undefined =>
  pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']
const indexesOf = (list: readonly Frozen<Pod>[]): (string | undefined)[] =>
  list.map(indexOf).toSorted((a, b) => Number(a) - Number(b))
const at = (list: readonly Frozen<Pod>[], index: number): Frozen<Pod> | undefined =>
  list.find((pod) => indexOf(pod) === String(index))

describe('job controller', () => {
  it('runs as many pods as may run at a time until enough have succeeded', async () => {
    const bench = await start()
    const made = await bench.make({ completions: 3, parallelism: 2 })
    const first = await bench.active()
    assert.equal(first.length, 2)
    assert.deepEqual(first[0]?.metadata.finalizers, ['batch.kubernetes.io/job-tracking'])
    assert.equal(first[0]?.metadata.labels?.['batch.kubernetes.io/job-name'], 'work')
    await bench.end(first)
    assert.deepEqual(await bench.counts(), [1, 2, undefined, 0])
    await bench.end(await bench.active())
    assert.deepEqual(await bench.counts(), [undefined, 3, undefined, 0])
    assert.deepEqual(await bench.conditions(), [
      'SuccessCriteriaMet True CompletionsReached',
      'Complete True CompletionsReached',
    ])
    const { status } = await bench.get()
    assert.ok(status?.completionTime)
    assert.deepEqual(status?.uncountedTerminatedPods, {})
    assert.ok((await bench.eventsOf(made)).includes('Completed: Job completed'))
    const { items } = await bench.client(pods).list()
    assert.deepEqual(
      items.map(({ metadata }) => metadata.finalizers ?? []),
      [[], [], []],
    )
    await bench.stop()
  })

  it('waits longer after each failure, and fails when there were too many', async () => {
    const bench = await start()
    await bench.make({ backoffLimit: 2 })
    const failAndWait = async (seconds: number): Promise<void> => {
      await bench.end(await bench.active(), 1)
      // Ends are told in whole seconds.
      await bench.advance(seconds * 1000 - 2000)
      assert.equal((await bench.active()).length, 0, `a new pod came before ${seconds} s`)
      await bench.advance(2500)
    }
    await failAndWait(10)
    await failAndWait(20)
    assert.deepEqual(await bench.counts(), [1, undefined, 2, 0])
    await bench.end(await bench.active(), 1)
    assert.deepEqual(await bench.conditions(), [
      'FailureTarget True BackoffLimitExceeded',
      'Failed True BackoffLimitExceeded',
    ])
    assert.deepEqual(await bench.counts(), [undefined, undefined, 3, 0])
    await bench.stop()
  })

  it('ends what runs too long, once its pods have gone', async () => {
    const bench = await start()
    const made = await bench.make({ activeDeadlineSeconds: 60, parallelism: 2, completions: 2 })
    for (const pod of await bench.active()) await bench.setPod(pod, { phase: 'Running' }, 'n1')
    await bench.advance(61_000)
    assert.deepEqual(await bench.conditions(), ['FailureTarget True DeadlineExceeded'])
    assert.equal((await bench.get()).status?.terminating, 2)
    for (const pod of (await bench.client(pods).list()).items)
      await bench.client(pods).delete(pod, { gracePeriodSeconds: 0 })
    await bench.advance(200)
    assert.deepEqual(await bench.conditions(), ['FailureTarget True DeadlineExceeded', 'Failed True DeadlineExceeded'])
    assert.deepEqual(
      (await bench.eventsOf(made)).at(-1),
      'DeadlineExceeded: Job was active longer than specified deadline',
    )
    await bench.stop()
  })

  it('runs each index until it has succeeded', async () => {
    const bench = await start()
    await bench.make({ completions: 5, parallelism: 3, completionMode: 'Indexed' })
    const first = await bench.active()
    assert.deepEqual(indexesOf(first), ['0', '1', '2'])
    const pod = at(first, 1)
    assert.match(pod?.metadata.name ?? '', /^work-1-/)
    assert.equal(pod?.spec.hostname, 'work-1')
    const fieldPath = "metadata.labels['batch.kubernetes.io/job-completion-index']"
    assert.equal(pod?.spec.containers[0]?.env?.[0]?.valueFrom?.fieldRef?.fieldPath, fieldPath)
    await bench.end([at(first, 0), at(first, 2)])
    assert.equal((await bench.get()).status?.completedIndexes, '0,2')
    assert.deepEqual(indexesOf(await bench.active()), ['1', '3', '4'])
    await bench.end(await bench.active())
    assert.equal((await bench.get()).status?.completedIndexes, '0-4')
    assert.equal((await bench.conditions()).at(-1), 'Complete True CompletionsReached')
    await bench.stop()
  })

  it('gives up indexes one by one with backoffLimitPerIndex', async () => {
    const bench = await start()
    await bench.make({ completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 })
    await bench.end([at(await bench.active(), 0)], 1)
    await bench.advance(11_000)
    const again = at(await bench.active(), 0)
    assert.equal(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '1')
    await bench.end([again], 1)
    await bench.advance(30_000)
    assert.deepEqual(indexesOf(await bench.active()), ['1'])
    assert.equal((await bench.get()).status?.failedIndexes, '0')
    await bench.end([at(await bench.active(), 1)])
    assert.deepEqual(await bench.conditions(), ['FailureTarget True FailedIndexes', 'Failed True FailedIndexes'])
    assert.deepEqual(await bench.counts(), [undefined, 1, 2, 0])
    await bench.stop()
  })

  it('follows its failure policy', async () => {
    const bench = await start()
    const rules = [
      { action: 'Ignore' as const, onExitCodes: { operator: 'In' as const, values: [7] } },
      { action: 'FailJob' as const, onExitCodes: { operator: 'In' as const, values: [42] } },
    ]
    await bench.make({ backoffLimit: 0, podFailurePolicy: { rules } })
    await bench.end(await bench.active(), 7)
    await bench.advance(11_000)
    const [second] = await bench.active()
    assert.deepEqual(await bench.counts(), [1, undefined, undefined, 0])
    await bench.end([second], 42)
    const failed = (await bench.get()).status?.conditions?.find(({ type }) => type === 'Failed')
    assert.equal(failed?.reason, 'PodFailurePolicy')
    const message = `Container c for pod default/${second?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`
    assert.equal(failed?.message, message)
    await bench.stop()
  })

  it('succeeds early by its success policy, and ends the rest', async () => {
    const bench = await start()
    const successPolicy = { rules: [{ succeededIndexes: '0' }] }
    await bench.make({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy })
    await bench.end([at(await bench.active(), 0)])
    await bench.advance(200)
    assert.deepEqual(await bench.conditions(), ['SuccessCriteriaMet True SuccessPolicy', 'Complete True SuccessPolicy'])
    assert.equal((await bench.active()).length, 0)
    assert.deepEqual(await bench.counts(), [undefined, 1, undefined, 0])
    await bench.stop()
  })

  it('goes on after it was suspended in the midst of its work', async () => {
    const bench = await start()
    await bench.make({ parallelism: 2, completions: 2 })
    const startedAt = (await bench.get()).status?.startTime
    assert.ok(startedAt)
    const change = async (suspend: boolean): Promise<void> => {
      const now = await bench.get()
      await bench.client(jobs).update({ ...now, spec: { ...now.spec, suspend } } as Job)
      await bench.advance(5000)
    }
    await change(true)
    assert.deepEqual(await bench.conditions(), ['Suspended True JobSuspended'])
    assert.equal((await bench.get()).status?.startTime, undefined)
    await change(false)
    assert.deepEqual(await bench.conditions(), ['Suspended False JobResumed'])
    assert.ok(((await bench.get()).status?.startTime ?? '') > startedAt)
    assert.equal((await bench.active()).length, 2)
    await bench.stop()
  })

  it('ends its pods when suspended and starts anew when resumed', async () => {
    const bench = await start()
    const made = await bench.make({ suspend: true, parallelism: 2, completions: 2 })
    assert.equal((await bench.active()).length, 0)
    assert.deepEqual(await bench.conditions(), ['Suspended True JobSuspended'])
    assert.equal((await bench.get()).status?.startTime, undefined)
    const change = async (suspend: boolean): Promise<void> => {
      const now = await bench.get()
      await bench.client(jobs).update({ ...now, spec: { ...now.spec, suspend } } as Job)
      await bench.advance(200)
    }
    await change(false)
    assert.equal((await bench.active()).length, 2)
    assert.deepEqual(await bench.conditions(), ['Suspended False JobResumed'])
    assert.ok((await bench.get()).status?.startTime)
    await change(true)
    assert.equal((await bench.active()).length, 0)
    assert.deepEqual(await bench.counts(), [undefined, undefined, undefined, 0])
    assert.deepEqual(await bench.eventsOf(made).then((all) => all.filter((e) => /Suspended|Resumed/.test(e))), [
      'Suspended: Job suspended',
      'Resumed: Job resumed',
    ])
    await bench.stop()
  })

  it('replaces deleted pods, at once or only when they have ended, and counts them', async () => {
    for (const podReplacementPolicy of ['TerminatingOrFailed', 'Failed'] as const) {
      const bench = await start()
      await bench.make({ podReplacementPolicy })
      const [pod] = await bench.active()
      assert.ok(pod)
      await bench.setPod(pod, { phase: 'Running' }, 'n1')
      await bench.client(pods).delete(pod)
      await bench.advance(12_000)
      const isReplaced = podReplacementPolicy === 'TerminatingOrFailed'
      assert.equal((await bench.active()).length, isReplaced ? 1 : 0, podReplacementPolicy)
      assert.equal((await bench.get()).status?.failed, isReplaced ? 1 : undefined)
      await bench.setPod(await bench.client(pods).get(pod), { phase: 'Failed' })
      await bench.advance(25_000)
      assert.equal((await bench.active()).length, 1)
      assert.equal((await bench.get()).status?.failed, 1)
      await bench.stop()
    }
  })

  it('lets pods go whose Job has gone', async () => {
    const bench = await start()
    await bench.make()
    const [pod] = await bench.active()
    assert.ok(pod)
    await bench.client(jobs).delete('default/work', { propagationPolicy: 'Background' })
    await bench.advance(200)
    assert.deepEqual((await bench.client(pods).get(pod)).metadata.finalizers ?? [], [])
    await bench.stop()
  })

  it('counts every one of many pods exactly once', async () => {
    const bench = await start()
    await bench.make({ completions: 600, parallelism: 600, backoffLimit: 1000 })
    await bench.advance(2000)
    const list = await bench.active()
    assert.equal(list.length, 600)
    await bench.end(list.slice(0, 550))
    await bench.end(list.slice(550), 1)
    await bench.advance(1000)
    assert.deepEqual((await bench.counts()).slice(1, 3), [550, 50])
    await bench.advance(700_000)
    await bench.end(await bench.active())
    assert.deepEqual((await bench.counts()).slice(1, 3), [600, 50])
    assert.equal((await bench.conditions()).at(-1), 'Complete True CompletionsReached')
    await bench.stop()
  })

  it('leaves Jobs of other controllers alone', async () => {
    const bench = await start()
    await bench.make({ managedBy: 'example.com/other' })
    assert.equal((await bench.active()).length, 0)
    assert.equal((await bench.get()).status?.startTime, undefined)
    await bench.stop()
  })
})
