import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../lib/clock.ts'
import { nextTurn } from '../../lib/turn.ts'
import { type Piece, NoRoomError, Slices } from './slices.ts'

/** Time passes as handshakes are made, each of which takes half a millisecond of the thread: in a tick, as Node makes them. */
class Storm {
  #ms = 0
  readonly begun: string[] = []
  readonly refused: string[] = []
  readonly clock: Clock = {
    now: () => this.#ms,
    monotonic: () => this.#ms,
    setTimer: () => ({ cancel: () => {} }),
  }
  readonly slices: Slices

  constructor(most?: number) {
    this.slices = new Slices(this.clock, most)
  }

  /** Each connection is an event of its own. */
  async arrive(remote: string, name = remote): Promise<Piece> {
    const piece = {
      remote,
      begin: () => {
        this.begun.push(name)
        process.nextTick(() => (this.#ms += 0.5))
      },
      refuse: () => void this.refused.push(name),
    }
    this.slices.add(piece)
    await tick()
    return piece
  }

  async all(): Promise<void> {
    for (let i = 0; i < 10_000 && this.slices.waiting > 0; i++) await nextTurn()
    assert.equal(this.slices.waiting, 0)
  }
}

/** What Node gives each of its own events. */
const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

test('the first connections of a quiet server are not kept waiting', async () => {
  const storm = new Storm()
  await storm.arrive('10.0.0.1')
  assert.equal(storm.begun.length, 1)
  await storm.arrive('10.0.0.2')
  assert.equal(storm.begun.length, 2)
  await nextTurn()
  await storm.arrive('10.0.0.3')
  assert.equal(storm.begun.length, 3)
})

test('of hundreds that come in one turn a few go in each, and what else there is to do goes in between', async () => {
  const storm = new Storm()
  for (let i = 0; i < 500; i++) {
    await storm.arrive('10.0.0.1')
  }
  assert.ok(storm.begun.length <= 2, `${storm.begun.length} in the first turn`)
  const perTurn: number[] = []
  let before = storm.begun.length
  while (storm.slices.waiting > 0) {
    await nextTurn()
    perTurn.push(storm.begun.length - before)
    before = storm.begun.length
  }
  // A turn of this test may stand between the steps of one slice, and so see parts of two.
  assert.ok(Math.max(...perTurn) <= 4, perTurn.join())
  assert.equal(storm.begun.length, 500)
})

test('addresses take turns, so that who opens hundreds does not keep others waiting for all of them', async () => {
  const storm = new Storm()
  for (let i = 0; i < 500; i++) await storm.arrive('10.0.0.1')
  await storm.arrive('10.0.0.2')
  await storm.arrive('2001:db8:0:1::1', 'six')
  for (let i = 2; i < 100; i++) await storm.arrive(`2001:db8:0:1::${i}`, 'six')
  const begun = storm.begun.length
  await storm.all()
  const order = storm.begun.slice(begun, begun + 30)
  assert.ok(order.slice(0, 3).includes('10.0.0.2'), order.join())
  // Addresses of one network of IPv6 are one.
  assert.ok(order.filter((name) => name === 'six').length <= 16, order.join())
  assert.equal(storm.begun.length, 600)
})

test('who has gone is not waited for', async () => {
  const storm = new Storm()
  const all: Piece[] = []
  for (let i = 0; i < 100; i++) all.push(await storm.arrive('10.0.0.1', `${i}`))
  for (const one of all.slice(50)) storm.slices.remove(one)
  for (const one of all.slice(50)) storm.slices.remove(one)
  await storm.all()
  assert.deepEqual(
    storm.begun,
    Array.from({ length: 50 }, (_, i) => `${i}`),
  )
})

test('when too many wait, those go that came last from where most come from', async () => {
  const storm = new Storm(10)
  for (let i = 0; i < 30; i++) await storm.arrive('10.0.0.1', `many ${i}`)
  const atOnce = storm.begun.length
  await storm.arrive('10.0.0.2', 'single')
  assert.equal(storm.slices.waiting, 10)
  await storm.all()
  assert.ok(storm.begun.includes('single'))
  assert.equal(storm.begun.length, atOnce + 10)
  assert.equal(storm.refused.length, 31 - atOnce - 10)
  assert.ok(storm.refused.every((name) => name.startsWith('many')))
})

test('who asks for a turn has it now, or waits for it, or is told that there is no room', async () => {
  const storm = new Storm(2)
  assert.equal(storm.slices.turn('10.0.0.1'), undefined)
  await storm.arrive('10.0.0.1')
  await storm.arrive('10.0.0.1')
  const [first, other, last] = ['10.0.0.1', '10.0.0.2', '10.0.0.1'].map((remote) => storm.slices.turn(remote))
  assert.ok(last)
  await assert.rejects(last, NoRoomError)
  await Promise.all([first, other])
  await storm.all()
})
