import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { decodeBase64, encodeBase64 } from './base64.ts'

test('decodes what Go decodes, and says where it goes wrong', () => {
  assert.deepEqual(decodeBase64('QUJD\nRA=\r\n='), Uint8Array.from([65, 66, 67, 68]))
  const cases: [string, number][] = [
    ['a', 0],
    ['QQ=', 3],
    ['QQ==x', 4],
    ['Q==', 1],
    ['QUI!', 3],
  ]
  for (const [text, at] of cases) assert.equal(decodeBase64(text), at, text)
})

test('property: agrees with the host, and decodes what it encodes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'))
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes)
    }),
  )
})
