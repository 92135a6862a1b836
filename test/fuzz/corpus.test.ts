import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { shown, Target } from './target.ts'

/** A file of the corpus: requests that once failed, one after another. */
interface Kept {
  readonly why: string
  readonly requests: readonly KeptRequest[]
}

interface KeptRequest {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
  readonly base64?: string
}

const FOLDER = join(import.meta.dirname, 'corpus')

test('what once failed', async (t) => {
  const target = await Target.start()
  for (const file of readdirSync(FOLDER).sort()) {
    const { why, requests } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Kept
    await t.test(`${file}: ${why}`, async () => {
      for (const kept of requests) await replay(target, kept)
    })
  }
  await target.stop()
})

async function replay(
  target: Target,
  { method, url, status, contentType, headers, text, base64 }: KeptRequest,
): Promise<void> {
  const body = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')
  const request = { method, url, headers: { ...headers, 'content-type': contentType }, body }
  const response = await target.send(request)
  target.checkSound(request, response)
  assert.equal(response.status, status, `${shown(request)}: ${response.body.toString()}`)
}
