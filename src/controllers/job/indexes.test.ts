import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  countCommon,
  countIndexes,
  firstFreeIndexes,
  formatIndexes,
  hasIndex,
  indexesOf,
  mergeIndexes,
  parseIndexes,
} from './indexes.ts'

const COMPLETIONS = 60
const someIndexes = fc.uniqueArray(fc.nat(COMPLETIONS - 1))
const values = (indexes: ReturnType<typeof indexesOf>): number[] =>
  Array.from({ length: COMPLETIONS }, (_, index) => index).filter((index) => hasIndex(indexes, index))
const sorted = (list: Iterable<number>): number[] => [...list].sort((a, b) => a - b)

describe('indexes', () => {
  const texts: [number[], string][] = [
    [[], ''],
    [[3], '3'],
    [[0, 1], '0,1'],
    [[0, 1, 2, 4, 6, 7, 8], '0-2,4,6-8'],
  ]
  for (const [list, text] of texts)
    it(`are written ${text || 'empty'}`, () => assert.equal(formatIndexes(indexesOf(list)), text))

  it('beyond the completions are cut off, and what is no number is left out', () =>
    assert.equal(formatIndexes(parseIndexes('1,x,3-9,12', 6)), '1,3-5'))

  it('behave as sets', () => {
    fc.assert(
      fc.property(someIndexes, someIndexes, fc.nat(70), (a, b, count) => {
        const [x, y] = [indexesOf(a), indexesOf(b)]
        const both = new Set([...a, ...b])
        assert.deepEqual(values(x), sorted(a))
        assert.deepEqual(parseIndexes(formatIndexes(x), COMPLETIONS), x)
        assert.deepEqual(values(mergeIndexes(x, y)), sorted(both))
        assert.equal(countIndexes(x), a.length)
        assert.equal(countCommon(x, y), a.filter((index) => b.includes(index)).length)
        const free = Array.from({ length: COMPLETIONS }, (_, index) => index).filter((index) => !a.includes(index))
        assert.deepEqual(firstFreeIndexes(x, count, COMPLETIONS), free.slice(0, count))
      }),
    )
  })
})
