import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authorizer } from '../../authz/types.ts'
import { Asked } from './authorize.ts'

const authorizer: Authorizer = { authorize: () => ({ decision: 'Allow' }) }

test('expressions that are dear give way to others, and each is evaluated once', async () => {
  const asked = new Asked(authorizer, { user: { name: 'alice', groups: [] } })
  const evaluated: number[] = []
  let turns = 0
  const result = asked.run((_ask, pace) => {
    turns++
    for (let n = 0; n < 5; n++) {
      if (pace.known()) continue
      evaluated.push(n)
      pace.note({ value: true, cost: 500_000, variables: undefined })
    }
    return 'done'
  })
  assert.ok(result instanceof Promise)
  assert.equal(await result, 'done')
  assert.deepEqual(evaluated, [0, 1, 2, 3, 4])
  assert.equal(turns, 5)
})

test('cheap ones are evaluated at once', () => {
  const asked = new Asked(authorizer, { user: { name: 'alice', groups: [] } })
  const result = asked.run((_ask, pace) => {
    assert.equal(pace.known(), undefined)
    pace.note({ value: true, cost: 10, variables: undefined })
    return 'done'
  })
  assert.equal(result, 'done')
  assert.equal(asked.rest(), undefined)
})
