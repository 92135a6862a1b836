import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatDurationNanos, parseDurationNanos } from '../../src/apimachinery/duration/duration.ts'
import {
  canonicalMicroTime,
  canonicalTime,
  formatMicroTime,
  formatTime,
  parseTime,
} from '../../src/apimachinery/duration/time.ts'
import { intValue, parseIntOrString, scaledValue } from '../../src/apimachinery/intstr/intstr.ts'
import { fuzz } from '../fuzz/runs.ts'
import { texts } from './facts/texts.ts'
import { outcome } from './outcome.ts'

test('durations, times and percentages are read and printed as the Go library does', () => {
  for (const [text, told] of texts.durations)
    assert.equal(
      outcome(() => formatDurationNanos(parseDurationNanos(text))),
      told,
      text,
    )
  for (const [text, told] of texts.times)
    assert.equal(
      outcome(() => canonicalTime(text)),
      told,
      text,
    )
  for (const [text, told] of texts.microTimes)
    assert.equal(
      outcome(() => canonicalMicroTime(text)),
      told,
      text,
    )
  for (const [text, total, told] of texts.percentages)
    assert.deepEqual(
      outcome(() => (['up', 'down'] as const).map((rounding) => scaledValue(text, total, rounding))),
      told,
      text,
    )
})

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

test('any duration is read again as it was printed', () =>
  fuzz(1000, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => {
    for (const value of [nanos, nanos / 10n ** 9n, nanos / 10n ** 14n])
      assert.equal(parseDurationNanos(formatDurationNanos(value)), value)
  }))

test('a duration is the sum of its parts', () => {
  const part = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.constantFrom(...Object.keys(NANOS)))
  return fuzz(500, fc.tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 5 })), ([negative, parts]) => {
    const sum = parts.reduce((all, [count, unit]) => all + BigInt(count) * (NANOS[unit] ?? 0n), 0n)
    const text = (negative ? '-' : '') + parts.map(([count, unit]) => `${count}${unit}`).join('')
    assert.equal(parseDurationNanos(text), negative ? -sum : sum, text)
  })
})

const seconds = fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 })
const micros = fc.integer({ min: 0, max: 999_999 })

test('any instant is read again as it was printed, by us and by Date', () =>
  fuzz(1000, fc.tuple(seconds, micros), ([s, us]) => {
    assert.deepEqual(parseTime(formatTime({ seconds: s, micros: us })), { seconds: s, micros: 0 })
    assert.deepEqual(parseTime(formatMicroTime({ seconds: s, micros: us }), true), { seconds: s, micros: us })
    assert.equal(Date.parse(formatTime({ seconds: s, micros: 0 })), s * 1000)
    const printed = formatTime({ seconds: s, micros: 0 })
    assert.equal(canonicalTime(printed), printed)
  }))

test('an instant is the same in every zone', () =>
  fuzz(500, fc.tuple(seconds, micros, fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 })), ([s, us, minutes]) => {
    const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
    const zone = `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
    const local = formatMicroTime({ seconds: s + minutes * 60, micros: us }).replace('Z', zone)
    if (!/^\d{4}-/.test(local)) return
    assert.deepEqual(parseTime(local, true), { seconds: s, micros: us }, local)
    assert.equal(canonicalMicroTime(local), formatMicroTime({ seconds: s, micros: us }))
    assert.equal(canonicalTime(local), formatTime({ seconds: s, micros: 0 }))
  }))

test('a whole number is an int or a string, with the same value', () =>
  fuzz(500, fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (number) => {
    const fits = number >= -(2 ** 31) && number < 2 ** 31
    assert.equal(parseIntOrString(String(number)), fits ? number : String(number))
    assert.equal(intValue(parseIntOrString(String(number))), number)
  }))

test('a percentage is rounded to the next whole number on the side that is asked for', () =>
  fuzz(500, fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.nat(100_000)), ([percent, total]) => {
    const exact = BigInt(percent) * BigInt(total)
    assert.equal(scaledValue(`${percent}%`, total, 'down'), Number(exact / 100n))
    assert.equal(scaledValue(`${percent}%`, total, 'up'), Number((exact + 99n) / 100n))
  }))
