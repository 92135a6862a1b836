import assert from 'node:assert/strict'
import test from 'node:test'
import { goQuote } from './quote.ts'

test('goQuote prints text as %q does', () => {
  const cases: [string, string][] = [
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\t\x07', '"\\n\\t\\a"'],
    ['\x00\x7f', '"\\x00\\x7f"'],
    ['é😀', '"é😀"'],
    ['\u00a0\u200b\u{e0001}', '"\\u00a0\\u200b\\U000e0001"'],
  ]
  for (const [text, want] of cases) assert.equal(goQuote(text), want)
})
