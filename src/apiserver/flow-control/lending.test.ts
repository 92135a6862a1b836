import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import type { Call } from '../request/call.ts'
import { allocate } from './allocation.ts'
import { FlowRequest } from './flow-request.ts'
import type { Level } from './level.ts'
import { ADJUSTMENT_MS, Levels } from './levels.ts'
import { FlowSeries } from './series.ts'
import { alwaysOpen } from './turns.ts'
import { ONE_SEAT } from './types.ts'

function level(name: string, lendablePercent: number, borrowingLimitPercent: number): PriorityLevelConfiguration {
  const queuing = { queues: 1, handSize: 1, queueLengthLimit: 100 }
  const limitResponse = { type: 'Queue', queuing }
  const limited = { nominalConcurrencyShares: 100, lendablePercent, borrowingLimitPercent, limitResponse }
  return { metadata: { name }, spec: { type: 'Limited', limited } }
}

/**
 * The server of upstream's own test of borrowing: 24 seats, two levels of 100 shares beside catch-all's 5. So 12 seats are each one's own and
 * one is catch-all's, 25 together; `a` keeps 6 and may have 20, `b` keeps 8 and may have 18.
 */
class Server {
  readonly clock = new VirtualClock()
  readonly levels = new Levels({ clock: this.clock, gate: alwaysOpen, serverSeats: 24 })
  readonly #requests = new Map<string, FlowRequest[]>()

  constructor() {
    this.levels.digest([level('a', 50, 67), level('b', 33, 50)], [])
  }

  of(name: string): Level {
    const found = this.levels.all().find((one) => one.name === name)
    assert.ok(found, name)
    return found
  }

  /** So many seats are wanted from now on. */
  want(name: string, seats: number): void {
    const { set } = this.of(name)
    const requests = this.#requests.get(name) ?? []
    this.#requests.set(name, requests)
    while (requests.length < seats) {
      const request = new FlowRequest({
        set,
        series: new FlowSeries(name, name),
        schemaUid: '',
        levelUid: '',
        distinguisher: '',
        work: ONE_SEAT,
        isWatch: false,
        arrivedMs: this.clock.monotonic(),
        call: {} as Call,
      })
      assert.notEqual(set.start(request, []), 'reject')
      requests.push(request)
    }
    for (const request of requests.splice(seats)) if (!set.cancel(request)) request.end()
  }

  /** Time passes, with the adjustments that are due in it. */
  async periods(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.clock.advance(ADJUSTMENT_MS)
      this.levels.adjust()
    }
  }

  get limits(): Record<string, number> {
    return Object.fromEntries(this.levels.all().map(({ name, current }) => [name, current]))
  }
}

test('with no demand seats are shared out by what each keeps', () => {
  // 25 / (6 + 8 + 1) of 6, 8 and 1.
  assert.deepEqual(new Server().limits, { a: 10, b: 13, 'catch-all': 2, exempt: 0 })
})

test('a level that wants more borrows all that the others can lend', async () => {
  const server = new Server()
  server.want('a', 24)
  await server.periods(1)
  assert.deepEqual(server.limits, { a: 16, b: 8, 'catch-all': 1, exempt: 0 })
  assert.ok(Math.abs(server.levels.fairFraction - 16 / 24) < 1e-9)
  assert.equal(server.of('a').set.seatsInUse, 16)
})

test('a lender has its own back at the next adjustment; who is at work may end, and no one else begins', async () => {
  const server = new Server()
  server.want('a', 24)
  await server.periods(1)
  server.want('b', 24)
  assert.equal(server.of('b').set.seatsInUse, 8)
  await server.periods(1)
  assert.deepEqual(server.limits, { a: 12, b: 12, 'catch-all': 1, exempt: 0 })
  assert.equal(server.of('b').set.seatsInUse, 12)
  const { set } = server.of('a')
  assert.equal(set.seatsInUse, 16)
  // Four end before another one begins.
  const working = [...set.executing]
  const dispatched = set.dispatched
  for (const [i, request] of working.slice(0, 5).entries()) {
    request.end()
    assert.equal(set.dispatched - dispatched, i < 4 ? 0 : 1)
  }
  assert.equal(set.seatsInUse, 12)
})

test('what was wanted is forgotten by half in five minutes, and lent out by as much', async () => {
  const server = new Server()
  server.want('a', 24)
  server.want('b', 24)
  await server.periods(1)
  server.want('b', 6)
  await server.periods(1)
  // 0.977 * 24 + 0.023 * 6 = 23.586; 24 / (24 + 23.586) of 24 and of that.
  assert.ok(Math.abs(server.of('b').target - 23.586) < 1e-9)
  assert.deepEqual(server.limits, { a: 12, b: 12, 'catch-all': 1, exempt: 0 })
  await server.periods(29)
  // 6 + 18 * 0.977 ** 30 = 14.956; 24 / (24 + 14.956) of 24 and of that.
  assert.ok(Math.abs(server.of('b').target - 14.956) < 1e-3)
  assert.deepEqual(server.limits, { a: 15, b: 9, 'catch-all': 1, exempt: 0 })
})

test('what the exempt use goes off what the others get, down to what they keep', async () => {
  const server = new Server()
  server.want('a', 24)
  server.want('b', 24)
  server.want('exempt', 7)
  await server.periods(1)
  // 25 - 7 = 18 are left: 3 more than the 15 that are kept, of the 10 more that are wanted of their own.
  assert.deepEqual(server.limits, { a: 8, b: 9, 'catch-all': 1, exempt: 7 })
  server.want('exempt', 10)
  await server.periods(1)
  assert.deepEqual(server.limits, { a: 6, b: 8, 'catch-all': 1, exempt: 10 })
  server.want('exempt', 0)
  await server.periods(1)
  // The most that were wanted in the period were still ten: those that ended at its beginning.
  assert.deepEqual(server.limits, { a: 6, b: 8, 'catch-all': 1, exempt: 10 })
  await server.periods(1)
  assert.deepEqual(server.limits, { a: 12, b: 12, 'catch-all': 1, exempt: 0 })
})

test('an adjustment at the very time of the last one changes nothing', async () => {
  const server = new Server()
  server.want('a', 24)
  await server.periods(1)
  const before = server.of('a').demand
  server.levels.adjust()
  assert.deepEqual(server.of('a').demand, before)
})

test('everyone gets the same part of their target, or a bound of theirs, and all is given out', () => {
  const part = fc.double({ min: 0, max: 5, noNaN: true })
  const shares = fc.array(fc.tuple(part, part, part), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(shares, fc.double({ min: 0, max: 1, noNaN: true }), (parts, at) => {
      const all = parts.map(([lowest, more, most]) => ({ lowest, target: lowest + more, highest: lowest + most }))
      const [low, high] = [all.reduce((n, s) => n + s.lowest, 0), all.reduce((n, s) => n + s.highest, 0)]
      const total = low + (high - low) * at
      const found = allocate(total, all)
      assert.ok(found)
      const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))
      assert.ok(
        near(
          found.seats.reduce((n, seats) => n + seats, 0),
          total,
        ),
      )
      for (const [i, { lowest, highest, target }] of all.entries()) {
        const fair = found.fairFraction * Math.max(target, 0.001)
        assert.ok(near(found.seats[i] ?? NaN, Math.max(lowest, Math.min(highest, fair))))
      }
    }),
  )
})
