import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatDuration, formatDurationNanos, parseDuration, parseDurationNanos } from './duration.ts'
import { ageOf, humanDuration, shortHumanDuration } from './human.ts'
import { canonicalMicroTime, canonicalTime, parseTime } from './time.ts'

test('Go durations', () => {
  const cases: [string, string][] = [
    ['0', '0s'],
    ['1h', '1h0m0s'],
    ['90m', '1h30m0s'],
    ['1.5s', '1.5s'],
    ['-1m30s', '-1m30s'],
    ['1500us', '1.5ms'],
    ['3ns', '3ns'],
    ['.5h', '30m0s'],
    ['1h15m30.918s', '1h15m30.918s'],
    ['2µs', '2µs'],
  ]
  for (const [text, want] of cases) assert.equal(formatDurationNanos(parseDurationNanos(text)), want, text)
  assert.equal(parseDuration('1.5s'), 1500)
  assert.equal(formatDuration(30_000), '30s')
})

test('refuses what is no duration, in Go’s words', () => {
  const cases: [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5d', 'time: unknown unit "d" in duration "5d"'],
    ['.s', 'time: invalid duration ".s"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
    ['1h\u00e9', 'time: invalid duration "1h\\xc3\\xa9"'],
  ]
  for (const [text, message] of cases.slice(0, 5)) assert.throws(() => parseDuration(text), { message }, text)
  assert.throws(() => parseDuration('1h\u00e9'), {
    message: 'time: unknown unit "h\\xc3\\xa9" in duration "1h\\xc3\\xa9"',
  })
})

test('ages as kubectl prints them', () => {
  const [second, minute, hour, day] = [1, 60, 3600, 86400]
  const cases: [number, string, string][] = [
    [-5, '<invalid>', '<invalid>'],
    [-1, '0s', '0s'],
    [0, '0s', '0s'],
    [119, '119s', '1m'],
    [2 * minute, '2m', '2m'],
    [5 * minute + 30 * second, '5m30s', '5m'],
    [15 * minute + 5, '15m', '15m'],
    [3 * hour + 5 * minute, '3h5m', '3h'],
    [24 * hour, '24h', '1d'],
    [3 * day + 4 * hour, '3d4h', '3d'],
    [8 * day + 4 * hour, '8d', '8d'],
    [800 * day, '2y70d', '2y'],
    [3000 * day, '8y', '8y'],
  ]
  for (const [seconds, human, short] of cases) {
    assert.equal(humanDuration(seconds * 1000), human)
    assert.equal(shortHumanDuration(seconds * 1000), short)
  }
  assert.equal(ageOf(undefined, 0), '<unknown>')
  assert.equal(ageOf('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1, 0, 5, 30)), '5m30s')
})

test('metav1.Time and MicroTime', () => {
  const cases: [string, string, string][] = [
    ['2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000000Z'],
    ['2026-01-01T02:30:00.000000+02:30', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000000Z'],
    ['2024-02-29T23:59:59.123456-01:00', '2024-03-01T00:59:59Z', '2024-03-01T00:59:59.123456Z'],
    ['0001-01-01T00:00:00.000000Z', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
  ]
  for (const [text, time, micro] of cases) {
    assert.equal(canonicalTime(text), time)
    assert.equal(canonicalMicroTime(text), micro)
  }
  const bad: [string, string][] = [
    ['x', 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
    ['2026-02-28T00:00:00+25:61', 'parsing time "2026-02-28T00:00:00+25:61": time zone offset minute out of range'],
    [
      '2026-01-01T00:00:00',
      'parsing time "2026-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
    ],
    ['2026-01-01T00:00:00Zx', 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'],
  ]
  for (const [text, message] of bad) assert.throws(() => parseTime(text), { message }, text)
  const layout = '2006-01-02T15:04:05.000000Z07:00'
  for (const rest of ['Z', '.123Z']) {
    const text = `2026-01-01T00:00:00${rest}`
    const message = `parsing time "${text}" as "${layout}": cannot parse "${rest}" as ".000000"`
    assert.throws(() => canonicalMicroTime(text), { message })
  }
})

test('property: durations survive printing and parsing', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (nanos) => {
      assert.equal(parseDurationNanos(formatDurationNanos(nanos)), nanos)
    }),
    { numRuns: 300 },
  )
})

test('a time as the API prints it is the instant that any other way to write it is', () => {
  for (const year of ['0000', '0001', '0099', '1900', '1969', '1970', '2000', '2026', '9999']) {
    for (const rest of ['01-01T00:00:00', '02-28T23:59:59', '03-01T00:00:00', '12-28T12:34:56']) {
      assert.deepEqual(parseTime(`${year}-${rest}Z`), parseTime(`${year}-${rest}+00:00`))
    }
  }
})
