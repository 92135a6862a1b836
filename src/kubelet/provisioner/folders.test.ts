import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { linuxFiles } from '../linux/files.ts'
import { nodeFolders, type VolumeFolders } from './folders.ts'

let dir = ''
let root = ''
let folders: VolumeFolders
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-volumes-'))
  root = join(dir, 'volumes')
  folders = nodeFolders(linuxFiles, root)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const NAME = 'pvc-1'

test('a folder is made for everybody to write to, in one that root alone may enter, and goes with all it holds', async () => {
  await folders.make(NAME, { capacity: '1Gi' })
  assert.equal(statSync(join(root, NAME)).mode & 0o7777, 0o777)
  assert.equal(statSync(root).mode & 0o7777, 0o700)
  writeFileSync(join(root, NAME, 'kept'), 'kept')
  await folders.make(NAME, {})
  assert.ok(existsSync(join(root, NAME, 'kept')))
  assert.deepEqual(await folders.names(), [NAME])
  await folders.remove(NAME)
  assert.deepEqual([existsSync(join(root, NAME)), await folders.names()], [false, []])
  await folders.remove(NAME)
})

test('what it has not made is left alone, be it below its own folder', async () => {
  mkdirSync(join(root, NAME), { recursive: true })
  await assert.rejects(folders.remove(NAME), /was not made by this node agent/)
  mkdirSync(join(dir, 'outside'))
  await folders.make('pvc-2', {})
  rmSync(join(root, 'pvc-2'), { recursive: true })
  symlinkSync(join(dir, 'outside'), join(root, 'pvc-2'))
  await assert.rejects(folders.remove('pvc-2'), /is left alone/)
  assert.ok(existsSync(join(dir, 'outside')))
  for (const name of ['..', '../outside', '.made', 'a/b', ''])
    await assert.rejects(async () => folders.remove(name), /no name/)
})

test('a removal and a making that were broken off are finished', async () => {
  await folders.make(NAME, {})
  writeFileSync(join(root, NAME, 'file'), '')
  mkdirSync(join(root, '.removing'))
  renameSync(join(root, NAME), join(root, '.removing', NAME))
  await folders.remove(NAME)
  assert.deepEqual(readdirSync(join(root, '.removing')), [])

  writeFileSync(join(root, '.made', NAME), '')
  mkdirSync(join(root, '.new', NAME))
  await folders.make(NAME, {})
  assert.deepEqual(readdirSync(join(root, '.new')), [])
  assert.ok(existsSync(join(root, NAME)))
})

test('a folder is discarded only while it is empty', async () => {
  await folders.make(NAME, {})
  writeFileSync(join(root, NAME, 'file'), '')
  assert.equal(await folders.discard(NAME), false)
  assert.ok(existsSync(join(root, NAME, 'file')))
  rmSync(join(root, NAME, 'file'))
  assert.equal(await folders.discard(NAME), true)
  assert.deepEqual([existsSync(join(root, NAME)), await folders.names()], [false, []])
})
