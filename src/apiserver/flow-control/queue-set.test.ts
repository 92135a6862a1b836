import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../../lib/clock.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { FlowRequest } from './flow-request.ts'
import { Integrator } from './integrator.ts'
import { type Gate, QueueSet, type QueueSettings } from './queue-set.ts'
import { FlowSeries } from './series.ts'
import { Dealer } from './shuffle.ts'
import { alwaysOpen } from './turns.ts'
import { mostSeats, ONE_SEAT, type Work } from './types.ts'

const CALL: Call = {
  method: 'GET',
  info: parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams()),
  query: new URLSearchParams(),
  headers: {},
  user: { name: 'u', groups: [] },
  body: { kind: 'none' },
  signal: new AbortController().signal,
  warnings: [],
  annotations: new Map<string, string>(),
}

const QUEUES: QueueSettings = { queues: 16, handSize: 3, queueLengthLimit: 20 }

/** A priority level by itself, where requests take as long as the test says. */
class Bench {
  readonly clock = new VirtualClock()
  readonly series = new FlowSeries('schema', 'level')
  readonly set: QueueSet
  readonly #settings: QueueSettings
  readonly #dealer = new Dealer(seededRandom(7))

  constructor(limit: number, settings = QUEUES, gate: Gate = alwaysOpen) {
    this.#settings = settings
    const demand = new Integrator(this.clock.monotonic())
    this.set = new QueueSet('level', settings, { clock: this.clock, gate, demand })
    this.set.configure(settings, limit)
  }

  request(flow: string, work: Work = ONE_SEAT): FlowRequest {
    return new FlowRequest({
      set: this.set,
      series: this.series,
      schemaUid: '',
      levelUid: '',
      distinguisher: flow,
      work,
      isWatch: false,
      arrivedMs: this.clock.monotonic(),
      call: CALL,
    })
  }

  start(request: FlowRequest, decide: (executes: boolean) => void = () => {}): 'execute' | 'wait' | 'reject' {
    request.decide = decide
    const { queues, handSize } = this.#settings
    const hand = queues > 1 ? this.#dealer.deal(request.distinguisher, queues, handSize) : []
    const verdict = this.set.start(request, hand)
    if (verdict === 'execute') decide(true)
    return verdict
  }

  /** A client that has so many requests under way all the time, each of which takes so long; counts those that were answered. */
  client(flow: string, requests: number, tookMs: number, work: Work = ONE_SEAT): { answered: number; refused: number } {
    const seen = { answered: 0, refused: 0 }
    const ask = (): void => {
      const request = this.request(flow, work)
      let decided = false
      const verdict = this.start(request, (executes) => {
        if (decided || !executes) return
        decided = true
        this.clock.setTimer(() => {
          seen.answered++
          request.end()
          ask()
        }, tookMs)
      })
      if (verdict !== 'reject') return
      seen.refused++
      this.clock.setTimer(ask, 1000)
    }
    for (let i = 0; i < requests; i++) ask()
    return seen
  }
}

const instantly = async (): Promise<void> => {}

test('two flows get the same, however much one of them asks for', async () => {
  const bench = new Bench(4, { queues: 16, handSize: 1, queueLengthLimit: 50 })
  const greedy = bench.client('greedy', 50, 10)
  const modest = bench.client('modest', 8, 10)
  await bench.clock.advance(10_000, instantly)
  const share = modest.answered / (modest.answered + greedy.answered)
  assert.ok(share > 0.45 && share < 0.55, `${modest.answered} of ${modest.answered + greedy.answered}`)
})

test('a flow of wide requests gets no more than one of narrow ones', async () => {
  const bench = new Bench(8, { queues: 16, handSize: 1, queueLengthLimit: 50 })
  const wide = bench.client('wide', 30, 10, { initialSeats: 4, finalSeats: 0, additionalMs: 0 })
  const narrow = bench.client('narrow', 30, 10)
  await bench.clock.advance(10_000, instantly)
  const ratio = narrow.answered / wide.answered
  assert.ok(ratio > 3 && ratio < 5, `${narrow.answered} narrow, ${wide.answered} wide`)
})

test('one request of its own beside a flood waits for no more than those at work', async () => {
  const bench = new Bench(2)
  bench.client('flood', 60, 100)
  await bench.clock.advance(1000, instantly)
  let atMs = NaN
  const asked = bench.clock.monotonic()
  bench.start(bench.request('single'), () => (atMs = bench.clock.monotonic()))
  await bench.clock.advance(1000, instantly)
  assert.ok(atMs - asked <= 100, `waited ${atMs - asked} ms`)
})

test('when the thread is short and not seats, a small flow does not stand behind all that waits', async () => {
  const busy: Gate = { open: () => false, kick: () => {} }
  const bench = new Bench(245, { queues: 128, handSize: 6, queueLengthLimit: 50 }, busy)
  const flood = (): void => {
    const request = bench.request('flood')
    bench.start(request, () => {
      request.end()
      flood()
    })
  }
  for (let i = 0; i < 500; i++) flood()
  const waits: number[] = []
  for (let ms = 0; ms < 3000; ms++) {
    if (ms % 100 === 0) {
      const asked = bench.clock.monotonic()
      const request = bench.request('small')
      bench.start(request, () => {
        request.end()
        waits.push(bench.clock.monotonic() - asked)
      })
    }
    await bench.clock.advance(1, instantly)
    bench.set.dispatch()
  }
  assert.equal(waits.length, 30)
  assert.ok(Math.max(...waits) <= 10, `waited ${Math.max(...waits)} ms`)
})

test('a client that leaves the queue makes room, and takes no seat', () => {
  const bench = new Bench(1, { queues: 1, handSize: 1, queueLengthLimit: 1 })
  const working = bench.request('a')
  assert.equal(bench.start(working), 'execute')
  const waiting = bench.request('a')
  assert.equal(bench.start(waiting), 'wait')
  assert.equal(bench.start(bench.request('a')), 'reject')
  assert.equal(bench.set.cancel(waiting), true)
  assert.equal(bench.set.cancel(waiting), false)
  const next = bench.request('a')
  assert.equal(bench.start(next), 'wait')
  working.end()
  assert.equal(next.startedMs !== undefined, true)
  assert.equal(bench.set.seatsInUse, 1)
  assert.deepEqual(
    [...bench.series.rejected],
    [
      ['queue-full', 1],
      ['time-out', 1],
    ],
  )
})

test('a write keeps its seats for as long as its events are under way', async () => {
  const bench = new Bench(5)
  const request = bench.request('a', { initialSeats: 1, finalSeats: 4, additionalMs: 50 })
  bench.start(request)
  assert.equal(bench.set.seatsInUse, 4)
  request.end()
  request.end()
  assert.equal(bench.set.executing.size, 0)
  await bench.clock.advance(49)
  assert.equal(bench.set.seatsInUse, 4)
  await bench.clock.advance(1)
  assert.equal(bench.set.seatsInUse, 0)
})

test('a request that is wider than its level runs alone', () => {
  const bench = new Bench(3)
  const wide: Work = { initialSeats: 10, finalSeats: 0, additionalMs: 0 }
  const small = bench.request('a')
  const large = bench.request('b', wide)
  bench.start(small)
  assert.equal(bench.start(large), 'wait')
  small.end()
  assert.notEqual(large.startedMs, undefined)
  assert.equal(bench.start(bench.request('c')), 'wait')
})

test('without queues nobody waits for a seat, and nobody is refused for want of time', () => {
  const closed: Gate = { open: () => false, kick: () => {} }
  const bench = new Bench(2, { queues: 0, handSize: 0, queueLengthLimit: 0 }, closed)
  const [first, second] = [bench.request('a'), bench.request('a')]
  assert.equal(bench.start(first), 'wait')
  assert.equal(bench.start(second), 'wait')
  assert.equal(bench.start(bench.request('a')), 'reject')
  assert.equal(bench.set.dispatch() && bench.set.dispatch(), true)
  assert.equal(bench.start(bench.request('a')), 'reject')
  assert.deepEqual([...bench.series.rejected], [['concurrency-limit', 2]])
})

test('exempt requests always go', () => {
  const bench = new Bench(0, { queues: -1, handSize: 0, queueLengthLimit: 0 })
  for (let i = 0; i < 100; i++) assert.equal(bench.start(bench.request('a')), 'execute')
})

test('hands are different cards, the same for the same flow', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 8, max: 2000 }), (flow, size, deck) => {
      const dealer = new Dealer(seededRandom(3))
      const hand = dealer.deal(flow, deck, size)
      assert.deepEqual(dealer.deal(flow, deck, size), hand)
      assert.equal(new Set(hand).size, size)
      assert.ok(hand.every((card) => Number.isInteger(card) && card >= 0 && card < deck))
    }),
  )
})

test('all cards are dealt about as often', () => {
  const dealer = new Dealer(seededRandom(11))
  const counts = Array.from({ length: 64 }, () => 0)
  for (let i = 0; i < 8000; i++)
    for (const card of dealer.deal(`user-${i}`, 64, 6)) counts[card] = (counts[card] ?? 0) + 1
  assert.ok(Math.min(...counts) > 600 && Math.max(...counts) < 900, counts.join())
})

type Step =
  | { readonly do: 'start'; readonly flow: number; readonly seats: number; readonly after: number }
  | { readonly do: 'end' | 'cancel'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'limit'; readonly seats: number }
  | { readonly do: 'queues'; readonly queues: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('start' as const),
        flow: fc.nat(5),
        seats: fc.integer({ min: 1, max: 4 }),
        after: fc.nat(3),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'cancel' as const), which: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), seats: fc.integer({ min: 1, max: 10 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('queues' as const), queues: fc.integer({ min: 3, max: 12 }) }),
    },
  ),
  { maxLength: 150 },
)

test('whatever happens, seats are kept to, books are right, and all comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all: readonly Step[]) => {
      const settings = { queues: 6, handSize: 3, queueLengthLimit: 5 }
      const bench = new Bench(4, settings)
      const { set, clock, series } = bench
      let limit = 4
      const requests: FlowRequest[] = []
      const decided = new Map<FlowRequest, boolean>()
      const dealer = new Dealer(seededRandom(1))
      let queues = 6
      for (const step of all) {
        const before = set.seatsInUse
        if (step.do === 'start') {
          const after = { finalSeats: step.after, additionalMs: step.after * 5 }
          const request = bench.request(`flow-${step.flow}`, { initialSeats: step.seats, ...after })
          request.decide = (executes) => {
            assert.equal(decided.has(request), false, 'decided twice')
            decided.set(request, executes)
          }
          const verdict = set.start(request, dealer.deal(request.distinguisher, queues, 3))
          if (verdict === 'execute') decided.set(request, true)
          if (verdict === 'reject') decided.set(request, false)
          requests.push(request)
        } else if (step.do === 'wait') await clock.advance(step.ms, instantly)
        else if (step.do === 'limit') set.configure({ ...settings, queues }, (limit = step.seats))
        else if (step.do === 'queues') set.configure({ ...settings, queues: (queues = step.queues) }, limit)
        else {
          const request = requests[step.which % Math.max(1, requests.length)]
          if (request && step.do === 'end') request.end()
          else if (request && set.cancel(request)) request.decide?.(false)
        }
        const alone = set.executing.size === 1
        assert.ok(set.seatsInUse <= Math.max(limit, before) || alone, `${set.seatsInUse} seats of ${limit}`)
        const inQueues = set.queues.reduce((sum, { waiting }) => sum + waiting.size, 0)
        assert.equal(inQueues, set.waiting)
        const wanted = set.queues
          .flatMap(({ waiting }) => [...waiting])
          .reduce((sum, { work }) => sum + mostSeats(work), 0)
        assert.equal(wanted, set.seatsWaiting)
        assert.equal(series.inQueue, set.waiting)
        assert.equal(series.executing, set.executing.size)
      }
      // Everyone ends: nobody may be left waiting.
      for (let round = 0; round < 1000 && !set.idle; round++) {
        for (const request of set.executing) request.end()
        await clock.advance(200, instantly)
      }
      assert.equal(set.idle, true)
      await clock.advance(1000, instantly)
      assert.deepEqual([set.seatsInUse, set.seatsWaiting, series.executingSeats, series.inQueueSeats], [0, 0, 0, 0])
      assert.equal(set.queues.length, queues)
      assert.ok(requests.every((request) => decided.has(request)))
    }),
    { numRuns: 150 },
  )
})
