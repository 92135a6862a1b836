import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleValidatorOf } from './validator.ts'

const schema = {
  type: 'object',
  properties: {
    lists: {
      type: 'array',
      items: {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-validations': [{ rule: 'self.all(x, x.startsWith("a"))', message: 'not all begin so' }],
      },
    },
  },
} as const

const listsOf = (count: number, length: number): string[][] =>
  Array.from({ length: count }, (_, n) => Array.from({ length }, (_unused, i) => (n === 1 && i === 0 ? 'b' : 'abc')))

test('dear rules are evaluated a slice at a time, to the same result', () => {
  const evaluation = ruleValidatorOf(schema)?.begin({ lists: listsOf(200, 1000) })
  assert.ok(evaluation)
  let slices = 1
  let outcome = evaluation.advance()
  for (; !outcome; outcome = evaluation.advance()) slices++
  assert.ok(slices > 2, `${slices} slices`)
  assert.deepEqual(
    outcome.errors.map(({ field, message }) => `${field}: ${message}`),
    ['lists[1]: Invalid value: not all begin so'],
  )
})

test('cheap rules are evaluated at once', () => {
  const outcome = ruleValidatorOf(schema)
    ?.begin({ lists: listsOf(3, 5) })
    .advance()
  assert.equal(outcome?.errors.length, 1)
})
