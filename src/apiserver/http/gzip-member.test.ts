import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { gzipMember, gzipPart } from './gzip-member.ts'

test('parts that were compressed apart read as one file', async () => {
  const texts = ['{"items":[', 'ä'.repeat(70_000), '', 'x'.repeat(3), ']}\n']
  const bytes = texts.map((text) => Buffer.from(text))
  const parts = await Promise.all(bytes.map((part, index) => gzipPart(part, index === bytes.length - 1)))
  assert.equal(gunzipSync(Buffer.concat(gzipMember(parts))).toString(), texts.join(''))
  // The same part serves in another file.
  const [, middle] = parts
  const other = [await gzipPart(Buffer.from('<')), middle!, await gzipPart(Buffer.from('>'), true)]
  assert.equal(gunzipSync(Buffer.concat(gzipMember(other))).toString(), `<${texts[1]}>`)
})
