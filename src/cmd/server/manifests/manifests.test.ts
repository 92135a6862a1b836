import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readFolder } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-manifests-'))
after(() => rmSync(folder, { recursive: true }))

const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`

test('a folder is read with the folders in it; a bad file spoils no other', () => {
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'b.yaml'), map('b'))
  writeFileSync(join(folder, 'sub/a.yml'), map('a'))
  writeFileSync(join(folder, 'broken.json'), '{')
  writeFileSync(join(folder, 'README.md'), 'not a manifest')
  const content = readFolder(folder)
  assert.deepEqual([...content.keys()], ['b.yaml', 'broken.json', 'sub/a.yml'])
  const broken = content.get('broken.json')
  assert.ok(broken && 'problem' in broken)
})
