import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from './clock.ts'

const now = (): Promise<void> => Promise.resolve()

describe('VirtualClock', () => {
  it('fires timers by due time, then by creation, and moves to what it was told', async () => {
    const clock = new VirtualClock(0)
    const fired: string[] = []
    for (const [name, ms] of Object.entries({ c: 30, a: 10, b: 20, b2: 20 })) {
      clock.setTimer(() => fired.push(`${name}@${clock.now()}`), ms)
    }
    clock.setTimer(() => fired.push('late'), 41)
    await clock.advance(40, now)
    assert.deepEqual(fired, ['a@10', 'b@20', 'b2@20', 'c@30'])
    assert.deepEqual([clock.now(), clock.nextDue()], [40, 41])
  })

  it('fires what a timer sets while time moves, and nothing that was cancelled meanwhile', async () => {
    const clock = new VirtualClock(0)
    const fired: number[] = []
    const other = clock.setTimer(() => fired.push(-1), 20)
    clock.setTimer(() => {
      other.cancel()
      clock.setTimer(() => fired.push(clock.now()), 5)
    }, 10)
    await clock.advance(100, now)
    assert.deepEqual(fired, [15])
    other.cancel()
    assert.equal(clock.nextDue(), undefined)
  })

  it('keeps the order of a few timers among many that are cancelled', async () => {
    const clock = new VirtualClock(0)
    const fired: number[] = []
    for (let i = 0; i < 5000; i++) {
      const timer = clock.setTimer(() => fired.push(i), 5000 - i)
      if (i % 1000 !== 0) timer.cancel()
    }
    await clock.advance(5000, now)
    assert.deepEqual(fired, [4000, 3000, 2000, 1000, 0])
  })
})
