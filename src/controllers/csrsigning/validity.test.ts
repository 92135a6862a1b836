import assert from 'node:assert/strict'
import { it } from 'node:test'
import { validityFor } from './validity.ts'

const HOUR = 3_600_000
const now = Date.UTC(2026, 0, 1)
const longestMs = 365 * 24 * HOUR
const signerEnds = now + 10 * longestMs

const CASES = [
  ['nothing asked for: the longest, less what it is backdated', undefined, longestMs - HOUR / 12],
  ['more than the longest', 2 * 365 * 86_400, longestMs - HOUR / 12],
  ['eight hours are long', 8 * 3600, 8 * HOUR - HOUR / 12],
  ['less is short, and whole', 8 * 3600 - 1, 8 * HOUR - 1000],
  ['never under ten minutes', 60, HOUR / 6],
] as const
for (const [what, expirationSeconds, lasts] of CASES)
  it(what, () => {
    const { notBefore, notAfter } = validityFor({ now, expirationSeconds, longestMs, signerEnds })
    assert.equal(notBefore, now - HOUR / 12)
    assert.equal(notAfter, now + lasts)
  })

it('never outlasts its signer, and one that has ended signs nothing', () => {
  assert.equal(validityFor({ now, longestMs, signerEnds: now + HOUR }).notAfter, now + HOUR)
  assert.throws(() => validityFor({ now, longestMs, signerEnds: now }), /refusing to sign a certificate that expired/)
})

it('the longest may be shorter than what is least', () => {
  assert.equal(validityFor({ now, longestMs: HOUR / 12, expirationSeconds: 600, signerEnds }).notAfter, now + HOUR / 12)
})
