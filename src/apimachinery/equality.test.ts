import assert from 'node:assert/strict'
import { test } from 'node:test'
import { semanticEqual } from './equality.ts'

test('absent, null and empty are equal, and nothing else is', () => {
  for (const [a, b, equal] of [
    [{ a: 1 }, { a: 1, b: null }, true],
    [{ a: 1 }, { a: 1, b: [] }, true],
    [{ a: 1, b: {} }, { a: 1 }, true],
    [[], undefined, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: '' }, {}, false],
    [{ a: 0 }, {}, false],
    [[1], { 0: 1 }, false],
    [{ a: { b: 1 } }, { a: { b: 2 } }, false],
    [{ x: 1, y: 2 }, { y: 2, x: 1 }, true],
  ] as const)
    assert.equal(semanticEqual(a, b), equal, JSON.stringify([a, b]))
})
