import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '../../metrics/metrics.ts'
import { KeptNotes } from '../notes.ts'
import type { AccountClaims } from './claims.ts'
import { TokenUses } from './use.ts'

test('a token that outlives what was asked for is noted as valid, and as stale once it should have been read anew', async () => {
  const metrics = new Metrics()
  const notes = new KeptNotes()
  const claims = { sub: 'system:serviceaccount:a:b', 'kubernetes.io': { namespace: 'a', serviceaccount: {} } }
  const uses = new TokenUses(metrics)
  assert.equal(uses.extended(claims as unknown as AccountClaims), undefined)
  const extended = { ...claims, 'kubernetes.io': { ...claims['kubernetes.io'], warnafter: 100 } }
  const use = uses.extended(extended as unknown as AccountClaims)
  use?.(notes, 100)
  assert.deepEqual(notes.annotations, [])
  use?.(notes, 107.5)
  const told = 'subject: system:serviceaccount:a:b, seconds after warning threshold: 7'
  assert.deepEqual(notes.annotations, [['authentication.k8s.io/stale-token', told]])
  assert.deepEqual(notes.warnings, [])
  const text = await metrics.text()
  assert.match(text, /^serviceaccount_valid_tokens_total 1$/m)
  assert.match(text, /^serviceaccount_stale_tokens_total 1$/m)
})
