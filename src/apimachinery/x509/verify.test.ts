import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeBase64 } from '../../lib/base64.ts'
import { derElements, inside } from './der.ts'
import { signatureProblem } from './verify.ts'

/** Requests made by openssl, some changed after they were signed, and what v1.36's API server says of each. */
const RECORDED = JSON.parse(readFileSync(new URL('./testdata/signatures.json', import.meta.url), 'utf8')) as readonly {
  name: string
  der: string
  problem?: string
}[]

/** WebCrypto has no such curve; refusing is the safe side. */
const NOT_HERE: Readonly<Record<string, string>> = { p224: 'x509: cannot verify signature: algorithm unimplemented' }

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64)
  assert.ok(typeof bytes !== 'number')
  return bytes
}

test('the signature of a request is checked, of every kind of key, as upstream does', async (t) => {
  for (const { name, der, problem } of RECORDED)
    await t.test(name, async () => assert.equal(await signatureProblem(bytesOf(der)), NOT_HERE[name] ?? problem))
})

test('what was changed after it was signed is refused', async () => {
  const der = bytesOf(RECORDED.find(({ name }) => name === 'p256')?.der ?? '')
  const [info] = inside(derElements(der)[0])
  assert.ok(info)
  const begin = info.content.byteOffset - der.byteOffset
  for (let at = begin; at < begin + info.content.length; at += 3) {
    const changed = Uint8Array.from(der)
    changed[at] = (changed[at] ?? 0) ^ 1
    const problem = await signatureProblem(changed).catch((error: unknown) => String(error))
    assert.notEqual(problem, undefined, `byte ${at}`)
  }
})
