import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { CONTROLS } from './controls.ts'
import { page } from './page.ts'

const root = resolve(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')

test('each control has its test, or a reason, or a test elsewhere', () => {
  const files = globSync('test/security/cis/*.test.ts', { cwd: root })
  const tested = files.flatMap((file) => [...read(file).matchAll(/^control\('([\d.]+)'/gm)].map(([, id = '']) => id))
  const wanted = Object.entries(CONTROLS).flatMap(([id, { because, heldBy }]) =>
    because === undefined && !heldBy ? [id] : [],
  )
  assert.deepEqual(new Set(tested), new Set(wanted))
  assert.equal(tested.length, wanted.length, 'each once')
})

test('tests elsewhere are there', () => {
  for (const [id, { heldBy }] of Object.entries(CONTROLS))
    if (heldBy) assert.ok(read(heldBy[0]).includes(heldBy[1]), `${id}: ${heldBy.join(': ')}`)
})

test('docs/security/cis.md is current: SKIFF_WRITE=1 writes it', async () => {
  if (process.env.SKIFF_WRITE === '1')
    (await import('node:fs')).writeFileSync(resolve(root, 'docs/security/cis.md'), page())
  assert.equal(read('docs/security/cis.md'), page())
})
