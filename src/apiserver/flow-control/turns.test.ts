import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../lib/clock.ts'
import { nextTurn } from '../../lib/turn.ts'
import type { QueueSet } from './queue-set.ts'
import { Turns } from './turns.ts'

/** Time passes as work is done. */
class WorkClock implements Clock {
  #ms = 0

  now(): number {
    return this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  setTimer(): { cancel(): void } {
    return { cancel: () => {} }
  }

  work(ms: number): void {
    this.#ms += ms
  }
}

/** A level with so many requests that wait, each of which takes a millisecond of the thread. */
class Waiting {
  waiting: number
  readonly limit: number
  readonly #onDispatch: () => void

  constructor(waiting: number, limit: number, onDispatch: () => void) {
    this.waiting = waiting
    this.limit = limit
    this.#onDispatch = onDispatch
  }

  get ready(): boolean {
    return this.waiting > 0
  }

  dispatch(): boolean {
    if (this.waiting === 0) return false
    this.waiting--
    this.#onDispatch()
    return true
  }

  asSet(): QueueSet {
    return this as unknown as QueueSet
  }
}

test('short turns are open; one that has lasted takes nothing on until it is over', async () => {
  const clock = new WorkClock()
  const turns = new Turns(clock)
  assert.equal(turns.open(clock.monotonic()), true)
  clock.work(4)
  assert.equal(turns.open(clock.monotonic()), true)
  clock.work(2)
  assert.equal(turns.open(clock.monotonic()), false)
  await nextTurn()
  await nextTurn()
  assert.equal(turns.open(clock.monotonic()), true)
})

test('what waits goes in slices, with turns for all else in between', async () => {
  const clock = new WorkClock()
  const turns = new Turns(clock)
  let inTurn = 0
  const perTurn: number[] = []
  const level = new Waiting(100, 10, () => {
    inTurn++
    clock.work(1)
  })
  turns.kick(level.asSet())
  for (let i = 0; i < 500 && level.waiting > 0; i++) {
    await nextTurn()
    // New ones wait behind those who wait.
    if (level.waiting > 0) assert.equal(turns.open(clock.monotonic()), false)
    if (inTurn > 0) perTurn.push(inTurn)
    inTurn = 0
  }
  assert.equal(level.waiting, 0)
  assert.ok(Math.max(...perTurn) <= 4, perTurn.join())
})

test('levels go in proportion to their seats, and none is left out', async () => {
  const clock = new WorkClock()
  const turns = new Turns(clock)
  const order: string[] = []
  const make = (name: string, limit: number): Waiting =>
    new Waiting(300, limit, () => {
      order.push(name)
      clock.work(1)
    })
  const [large, small] = [make('large', 30), make('small', 10)]
  turns.kick(large.asSet())
  turns.kick(small.asSet())
  for (let i = 0; i < 5000 && order.length < 200; i++) await nextTurn()
  const part = order.slice(0, 200).filter((name) => name === 'large').length / 200
  assert.ok(part > 0.7 && part < 0.8, `${part}`)
})

test('a level that cannot go is asked again when it can', async () => {
  const turns = new Turns(new WorkClock())
  let free = false
  let went = 0
  const level = new Waiting(3, 10, () => void went++)
  const stuck = { limit: 10, waiting: 3, ready: true, dispatch: () => free && level.dispatch() } as unknown as QueueSet
  turns.kick(stuck)
  for (let i = 0; i < 5; i++) await nextTurn()
  assert.equal(went, 0)
  free = true
  turns.kick(stuck)
  for (let i = 0; i < 20; i++) await nextTurn()
  assert.equal(went, 3)
})
