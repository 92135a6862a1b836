import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Event } from '../../api/generated/types/core/v1.ts'
import { events, eventsV1 } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { failure } from '../../apimachinery/status.ts'
import { testBench, type TestBench } from '../testing/test-env.ts'
import { TransportError } from '../transport.ts'
import type { EventRecorder } from '../events.ts'
import { createEventRecorder } from './recorder.ts'
import { createSeriesRecorder } from './series-recorder.ts'

const about = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name, namespace: 'default', uid: `uid-of-${name}`, resourceVersion: '7' },
})

function recording(): {
  readonly bench: TestBench
  readonly recorder: EventRecorder
  list(): Promise<readonly Frozen<Event>[]>
} {
  const bench = testBench()
  const recorder = createEventRecorder({ ...bench, component: 'replicaset-controller' })
  return { bench, recorder, list: async () => (await bench.client(events).list()).items }
}

describe('event recorder', () => {
  it('writes what upstream writes', async () => {
    const { bench, recorder, list } = recording()
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'Created pod: web-abcde')
    await bench.settle()
    const [{ metadata, ...event } = { metadata: {} }] = await list()
    assert.match(metadata.name ?? '', /^web\.[0-9a-f]{16}$/)
    assert.deepEqual(event, {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: {
        kind: 'ReplicaSet',
        namespace: 'default',
        name: 'web',
        uid: 'uid-of-web',
        apiVersion: 'apps/v1',
        resourceVersion: '7',
      },
      reason: 'SuccessfulCreate',
      message: 'Created pod: web-abcde',
      source: { component: 'replicaset-controller' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      type: 'Normal',
      reportingComponent: 'replicaset-controller',
      reportingInstance: '',
    })
  })

  it('counts repetitions of one Event', async () => {
    const { bench, recorder, list } = recording()
    for (let i = 0; i < 3; i++) {
      recorder.event(about('web'), 'Warning', 'FailedCreate', 'no room')
      await bench.clock.advance(1000)
    }
    const all = await list()
    assert.equal(all.length, 1)
    assert.equal(all[0]?.count, 3)
    assert.equal(all[0]?.firstTimestamp, '2026-01-01T00:00:00Z')
    assert.equal(all[0]?.lastTimestamp, '2026-01-01T00:00:02Z')
  })

  it('combines ten that differ by their message, and drops what is too much', async () => {
    const { bench, recorder, list } = recording()
    for (let i = 0; i < 40; i++) recorder.event(about('web'), 'Normal', 'SuccessfulCreate', `Created pod: web-${i}`)
    await bench.settle()
    const all = await list()
    assert.equal(all.length, 10)
    const combined = all.find((e) => e.message?.startsWith('(combined from similar events): '))
    assert.equal(combined?.count, 16)
    assert.equal(
      all.reduce((sum, e) => sum + (e.count ?? 0), 0),
      25,
    )
    await bench.clock.advance(300_000)
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'Created pod: web-late')
    await bench.settle()
    // The count tells of the dropped ones too.
    assert.equal(
      (await list()).reduce((sum, e) => sum + (e.count ?? 0), 0),
      41,
    )
  })

  it('keeps trying while the server is out of reach, and gives up on a refusal', async () => {
    const { bench, recorder, list } = recording()
    bench.api.intercept = () => {
      throw new TransportError('connection refused')
    }
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'one')
    await bench.clock.advance(25_000)
    bench.api.intercept = () => {
      bench.api.intercept = undefined
      throw failure('Forbidden', 'namespace is terminating')
    }
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'two')
    await bench.clock.advance(25_000)
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'three')
    await bench.settle()
    assert.deepEqual(
      (await list()).map((e) => e.message),
      ['two', 'three'],
    )
  })

  it('creates an Event anew when the one it counted has expired', async () => {
    const { bench, recorder, list } = recording()
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'one')
    await bench.settle()
    await bench.client(events).delete(`default/${(await list())[0]?.metadata.name}`)
    recorder.event(about('web'), 'Normal', 'SuccessfulCreate', 'one')
    await bench.settle()
    assert.equal((await list())[0]?.count, 2)
  })
})

describe('series recorder', () => {
  it('writes the first, the second as a series, and the count when the series ends', async () => {
    const bench = testBench()
    const names = { reportingController: 'default-scheduler', reportingInstance: 'default-scheduler-h' }
    const recorder = createSeriesRecorder({ ...bench, ...names })
    const say = (): void =>
      recorder.event(about('web'), 'Warning', 'FailedScheduling', 'no nodes', { action: 'Scheduling' })
    const count = async (): Promise<number | undefined> => (await bench.client(eventsV1).list()).items[0]?.series?.count
    say()
    await bench.settle()
    assert.equal(await count(), undefined)
    say()
    await bench.settle()
    assert.equal(await count(), 2)
    for (let i = 0; i < 5; i++) say()
    await bench.settle()
    assert.equal(await count(), 2)
    await bench.clock.advance(6 * 60_000)
    assert.equal(await count(), 7)
    const [event] = (await bench.client(eventsV1).list()).items
    assert.equal(event?.action, 'Scheduling')
    assert.equal(event?.eventTime, '2026-01-01T00:00:00.000000Z')
    bench.stop()
  })
})
