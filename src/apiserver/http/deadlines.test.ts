import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { Deadlines } from './deadlines.ts'

test('what takes too long is ended, what ends in time is not', async () => {
  const clock = new VirtualClock()
  const deadlines = new Deadlines(clock, 60_000)
  const late: string[] = []
  const done = deadlines.add(() => late.push('a'))
  deadlines.add(() => late.push('b'))
  await clock.advance(30_000)
  deadlines.add(() => late.push('c'))
  done()
  await clock.advance(45_000)
  assert.deepEqual(late, ['b'])
  await clock.advance(60_000)
  assert.deepEqual(late, ['b', 'c'])
})
