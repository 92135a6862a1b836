import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { removeTree } from './remove.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-remove-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a folder goes with all it holds; what its symlinks lead to stays', async () => {
  mkdirSync(join(dir, 'outside'))
  writeFileSync(join(dir, 'outside/kept'), 'kept')
  mkdirSync(join(dir, 'volume/a/b'), { recursive: true })
  writeFileSync(join(dir, 'volume/a/b/file'), '')
  symlinkSync(join(dir, 'outside'), join(dir, 'volume/a/link'))
  symlinkSync('/', join(dir, 'volume/root'))
  await removeTree(join(dir, 'volume'))
  assert.equal(existsSync(join(dir, 'volume')), false)
  assert.equal(readFileSync(join(dir, 'outside/kept'), 'utf8'), 'kept')
})

test('a symlink in the place of the folder is removed itself', async () => {
  mkdirSync(join(dir, 'outside'))
  writeFileSync(join(dir, 'outside/kept'), 'kept')
  symlinkSync(join(dir, 'outside'), join(dir, 'volume'))
  await removeTree(join(dir, 'volume'))
  assert.equal(existsSync(join(dir, 'volume')), false)
  assert.ok(existsSync(join(dir, 'outside/kept')))
})

test('folders nested deeper than a path may be long go too', async () => {
  const volume = join(dir, 'volume')
  mkdirSync(volume)
  const name = 'n'.repeat(100)
  for (let depth = 0; depth < 200; depth++) {
    mkdirSync(join(dir, 'next'))
    writeFileSync(join(dir, 'next', 'file'), '')
    renameSync(volume, join(dir, 'next', name))
    renameSync(join(dir, 'next'), volume)
  }
  // Named as what is moved up: it is in nobody's way.
  mkdirSync(join(volume, '.moved-1/full'), { recursive: true })
  await removeTree(volume)
  assert.equal(existsSync(volume), false)
})
