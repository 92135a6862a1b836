import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../lib/clock.ts'
import { Backoff } from './backoff.ts'

test('waits double up to the longest, and start over after a long quiet', async () => {
  const clock = new VirtualClock(1_000_000)
  const backoff = new Backoff(clock, 10_000, 40_000)
  assert.equal(backoff.waitUntil('a', clock.now()), undefined, 'the first time there is nothing to wait for')
  const waits: number[] = []
  for (let i = 0; i < 4; i++) {
    backoff.next('a', clock.now())
    waits.push((backoff.waitUntil('a', clock.now()) ?? 0) - clock.now())
    await clock.advance(1000)
  }
  assert.deepEqual(waits, [10_000, 20_000, 40_000, 40_000])
  await clock.advance(80_001)
  assert.equal(backoff.waitUntil('a', clock.now()), undefined)
  backoff.next('a', clock.now())
  assert.equal(backoff.delayMs('a'), 10_000)
})

test('keys do not know of each other, and can be forgotten', () => {
  const clock = new VirtualClock()
  const backoff = new Backoff(clock, 1000, 4000)
  backoff.next('pod1/a', clock.now())
  backoff.next('pod2/a', clock.now())
  backoff.forget('pod1/')
  assert.equal(backoff.waiting('pod1/a'), undefined)
  assert.notEqual(backoff.waiting('pod2/a'), undefined)
})
