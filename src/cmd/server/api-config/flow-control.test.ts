import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_FLOW_CONTROL } from '../../../apiserver/flow-control/config.ts'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { flowControlConfig } from './flow-control.ts'

const configOf = (given: Readonly<Record<string, readonly string[]>>): ReturnType<typeof flowControlConfig> =>
  flowControlConfig(new ApiFlagValues(given))

test('without flags the limits are upstream’s', () => {
  assert.deepEqual(configOf({}), DEFAULT_FLOW_CONTROL)
})

test('flags say how much is answered at a time, and how long it may take', () => {
  const config = configOf({
    'enable-priority-and-fairness': ['false'],
    'max-requests-inflight': ['0'],
    'max-mutating-requests-inflight': ['7'],
    'request-timeout': ['90s'],
    'min-request-timeout': ['60'],
    'goaway-chance': ['0.01'],
  })
  assert.deepEqual(config, {
    priorityAndFairness: false,
    maxRequests: 0,
    maxMutatingRequests: 7,
    requestTimeoutMs: 90_000,
    minRequestTimeoutSeconds: 60,
    goawayChance: 0.01,
  })
})

const BAD: readonly (readonly [Record<string, string[]>, string])[] = [
  [{ 'max-requests-inflight': ['-1'] }, '--max-requests-inflight can not be negative value'],
  [{ 'max-mutating-requests-inflight': ['-1'] }, '--max-mutating-requests-inflight can not be negative value'],
  [{ 'request-timeout': ['-1s'] }, '--request-timeout can not be negative value'],
  [{ 'min-request-timeout': ['-1'] }, '--min-request-timeout can not be negative value'],
  [{ 'goaway-chance': ['0.03'] }, '--goaway-chance can not be less than 0 or greater than 0.02'],
  [
    { 'max-requests-inflight': ['0'], 'max-mutating-requests-inflight': ['0'] },
    'invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive',
  ],
]

for (const [given, message] of BAD) {
  test(`refused: ${JSON.stringify(given)}`, () => assert.throws(() => configOf(given), { message }))
}
