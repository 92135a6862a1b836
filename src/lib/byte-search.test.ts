import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteSearch } from './byte-search.ts'

test('a search finds what is there, and nothing else', () => {
  const letters = fc.stringMatching(/^[ab"]{0,30}$/)
  const encoder = new TextEncoder()
  fc.assert(
    fc.property(letters, fc.stringMatching(/^[ab"]{0,4}$/), (text, part) => {
      assert.equal(byteSearch(encoder.encode(part))(encoder.encode(text)), text.includes(part))
    }),
  )
})
