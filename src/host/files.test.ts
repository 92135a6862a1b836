import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { writeFileAtomic } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-files-'))
after(() => rmSync(folder, { recursive: true }))

test('a link that somebody laid where the new file is made leads nowhere', () => {
  const [file, other] = [join(folder, 'key'), join(folder, 'other')]
  writeFileSync(other, 'theirs')
  chmodSync(other, 0o644)
  symlinkSync(other, `${file}.${process.pid}.new`)
  writeFileAtomic(file, 'secret', { mode: 0o600 })
  assert.equal(readFileSync(other, 'utf8'), 'theirs')
  assert.equal(readFileSync(file, 'utf8'), 'secret')
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('nor is what others hold open written to', () => {
  const file = join(folder, 'token')
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, '', { mode: 0o666 })
  const held = openSync(fresh, 'r')
  writeFileAtomic(file, 'secret', { mode: 0o640 })
  assert.equal(readFileSync(held, 'utf8'), '')
  closeSync(held)
  assert.equal(statSync(file).mode & 0o777, 0o640)
})

test('where it cannot be put, nothing is left behind', () => {
  const place = join(folder, 'place')
  writeFileAtomic(place, 'text', { mode: 0o600 })
  assert.throws(() => writeFileAtomic(join(place, 'below'), 'text', { mode: 0o600 }), { code: 'ENOTDIR' })
  assert.throws(() => writeFileAtomic(folder, 'text', { mode: 0o600 }), { code: /EISDIR|ENOTEMPTY|EEXIST/ })
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.new')),
    [],
  )
  assert.ok(!readdirSync(tmpdir()).some((name) => name.endsWith(`.${process.pid}.new`)))
})
