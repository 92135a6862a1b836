import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace, Slice, Tired } from './pace.ts'

const DEAR = 150_000

test('work that is dear is interrupted between expressions, and evaluates none twice', () => {
  const pace = new Pace<undefined>()
  const evaluated: number[] = []
  const work = (): number[] => {
    const values: number[] = []
    for (let n = 0; n < 7; n++) {
      const known = pace.known()
      if (!known) {
        evaluated.push(n)
        pace.note({ value: n, cost: DEAR, variables: undefined })
      }
      values.push(known ? Number(known.value) : n)
    }
    return values
  }
  let turns = 1
  for (;;) {
    try {
      assert.deepEqual(work(), [0, 1, 2, 3, 4, 5, 6])
      break
    } catch (error) {
      assert.ok(error instanceof Tired)
      turns++
      pace.rewind()
    }
  }
  assert.deepEqual(evaluated, [0, 1, 2, 3, 4, 5, 6])
  assert.equal(turns, 4)
})

test('what is cheap is not interrupted, and other work begins with nothing known', () => {
  const pace = new Pace<undefined>()
  for (let n = 0; n < 1000; n++) {
    assert.equal(pace.known(), undefined)
    pace.note({ value: n, cost: 10, variables: undefined })
  }
  pace.forget()
  assert.equal(pace.known(), undefined)
  assert.equal(pace.tired, false)
})

test('what other work has cost in the same turn counts', () => {
  const pace = new Pace<undefined>()
  pace.note({ value: 1, cost: 2 * DEAR, variables: undefined })
  pace.forget()
  assert.throws(() => pace.known(), Tired)
})

test('a slice is over when enough was spent, and begins anew', () => {
  const slice = new Slice()
  slice.spend(DEAR)
  assert.equal(slice.over(), false)
  slice.spend(DEAR)
  assert.equal(slice.over(), true)
  assert.equal(slice.over(), false)
})
