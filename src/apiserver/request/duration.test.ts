import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

test('durations are read as Go reads them', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['1s', 1000],
    ['-1.5m', -90_000],
    ['1h1m1s1ms', 3_661_001],
    ['.5s', 500],
    ['1us', 0.001],
  ] as const) {
    assert.equal(parseDuration(text), ms, text)
  }
})

test("what is none is refused in Go's words", () => {
  for (const [text, problem] of [
    ['', 'time: invalid duration ""'],
    ['abc', 'time: invalid duration "abc"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['1e3s', 'time: unknown unit "e" in duration "1e3s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['99999999999h', 'time: invalid duration "99999999999h"'],
  ] as const) {
    assert.deepEqual(parseDuration(text), { problem }, text)
  }
})
