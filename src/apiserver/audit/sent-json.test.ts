import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sentJson } from './sent-json.ts'

const encoder = new TextEncoder()
const told = (text: string): string | undefined => sentJson(encoder.encode(text))

/** What was sent, and what kube-apiserver v1.36.0 tells of it; of what is no JSON it tells nothing. */
const KNOWN: readonly (readonly [sent: string, told: string | undefined])[] = [
  ['{\n"data":\n {"x":"y"}}\n', '{"data":{"x":"y"}}'],
  ['{"data":{"x":"1","x":"2"}}', '{"data":{"x":"1","x":"2"}}'],
  ['{"data":{"x":"1"},"zz":1e999}', '{"data":{"x":"1"},"zz":1e999}'],
  ['{"data":{"k":"a\\ud800b\\u2028"}}', '{"data":{"k":"a\\ud800b\\u2028"}}'],
  ['{"k" : " a \\" b \\\\" , "l":[ 1 , 2 ]}', '{"k":" a \\" b \\\\","l":[1,2]}'],
  ['null', 'null'],
  ['[1,2]', '[1,2]'],
  ['', undefined],
  ['{"data":', undefined],
  ['{"data":{"x":NaN}}', undefined],
  ['\ufeff{"data":{"x":"1"}}', undefined],
  ['{"data":{"x":"1"}} {"a":1}', undefined],
  ['{"data":{"x":"a\tb"}}', undefined],
  ['data: {k: v}', undefined],
]

for (const [sent, wanted] of KNOWN) test(`told of ${JSON.stringify(sent)}`, () => assert.equal(told(sent), wanted))

test('what is no text is told as such, and stays JSON', () => {
  const bytes = Uint8Array.from([...encoder.encode('{"k":"a'), 0xff, ...encoder.encode('b"}')])
  assert.equal(sentJson(bytes), '{"k":"a\ufffdb"}')
})

test('what is told is in one line, and says the same', () => {
  const blanks = fc.constantFrom('', ' ', '\n', '\t', '\r\n')
  fc.assert(
    fc.property(fc.json(), blanks, (json, blank) => {
      const spaced = blank + JSON.stringify(JSON.parse(json), null, 2) + blank
      const line = told(spaced)
      assert.equal(line, JSON.stringify(JSON.parse(json)))
      assert.equal(line.includes('\n'), false)
    }),
  )
})

test('bodies as large as may be, and as deep, are told', () => {
  const slashes = `"${'\\\\'.repeat(500_000)}"`
  assert.equal(told(slashes), slashes)
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  assert.equal(told(deep), deep)
})
