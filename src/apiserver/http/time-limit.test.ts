import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '../../apimachinery/status.ts'
import { VirtualClock } from '../../lib/clock.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { Deadlines } from './deadlines.ts'
import { inTime, timeLimit } from './time-limit.ts'

function limitOf(path: string, query = ''): ReturnType<typeof timeLimit> {
  const parameters = new URLSearchParams(query)
  return timeLimit({ info: parseRequestInfo('GET', path, parameters), query: parameters } as unknown as Call, 60_000)
}

const PODS = '/api/v1/namespaces/default/pods'

test('a request has the usual time, or less when it says so; what lasts by its nature has no limit', () => {
  assert.equal(limitOf(PODS), 'usual')
  assert.equal(limitOf(PODS, 'timeout=5s'), 5000)
  assert.equal(limitOf(PODS, 'timeout=1h'), 60_000)
  assert.equal(limitOf(PODS, 'timeout=-1s'), 'usual')
  assert.equal(limitOf(PODS, 'watch=true&timeout=5s'), 'none')
  assert.equal(limitOf(`${PODS}/p/log`, 'timeout=nonsense'), 'none')
  assert.throws(
    () => limitOf(PODS, 'timeout=5'),
    (error) => error instanceof StatusError && error.code === 400 && /missing unit/.test(error.message),
  )
})

test('what is late is answered for; what is not, answers for itself', async () => {
  const clock = new VirtualClock()
  const keeper = { deadlines: new Deadlines(clock, 60_000), clock, late: () => 'late' }
  const never = new Promise<string>(() => {})
  const own = inTime(never, 1000, keeper)
  const usual = inTime(never, 'usual', keeper)
  assert.equal(await inTime(Promise.resolve('answer'), 1000, keeper), 'answer')
  await assert.rejects(inTime(Promise.reject(new Error('refused')), 'usual', keeper), /refused/)
  await clock.advance(1000)
  assert.equal(await own, 'late')
  await clock.advance(90_000)
  assert.equal(await usual, 'late')
})
