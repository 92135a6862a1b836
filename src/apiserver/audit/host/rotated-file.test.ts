import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { RotatedFile, type Rotation } from './rotated-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-audit-'))
after(() => rmSync(folder, { recursive: true }))

const NONE: Rotation = { maxSize: 1, maxAge: 0, maxBackups: 0, compress: false }
const START = Date.parse('2026-01-31T10:11:12.345Z')
const large = (char: string): Uint8Array => new TextEncoder().encode(char.repeat(700 * 1024))

async function filled(name: string, rotation: Partial<Rotation>, chars: string): Promise<string> {
  const where = join(folder, name)
  let now = START
  const file = new RotatedFile(join(where, 'audit.log'), { ...NONE, ...rotation }, { now: () => now })
  for (const char of chars) {
    file.write(large(char))
    now += 1000
  }
  await file.close()
  return where
}

test('a full log is set aside under the time, and a new one begun that is its owner’s alone', async () => {
  const where = await filled('plain', {}, 'ab')
  assert.deepEqual(readdirSync(where).sort(), ['audit-2026-01-31T10-11-13.345.log', 'audit.log'])
  assert.equal(readFileSync(join(where, 'audit.log'), 'utf8')[0], 'b')
  assert.equal(readFileSync(join(where, 'audit-2026-01-31T10-11-13.345.log'), 'utf8')[0], 'a')
  assert.equal(statSync(join(where, 'audit.log')).mode & 0o777, 0o600)
  assert.equal(statSync(where).mode & 0o777, 0o700)
})

test('so many old logs are kept, compressed; what is none of them stays', async () => {
  const where = await filled('kept', {}, 'a')
  writeFileSync(join(where, 'audit-notes.log'), 'mine')
  await filled('kept', { maxBackups: 2, compress: true }, 'bcde')
  const names = readdirSync(where).sort()
  assert.deepEqual(names, [
    'audit-2026-01-31T10-11-14.345.log.gz',
    'audit-2026-01-31T10-11-15.345.log.gz',
    'audit-notes.log',
    'audit.log',
  ])
  assert.equal(gunzipSync(readFileSync(join(where, names[1] ?? ''))).toString()[0], 'd')
})

test('old logs go when they are too old, by the time in their names', async () => {
  const where = await filled('aged', {}, 'a')
  writeFileSync(join(where, 'audit-2026-01-28T10-11-12.345.log'), '')
  writeFileSync(join(where, 'audit-2026-01-30T10-11-12.345.log'), '')
  await filled('aged', { maxAge: 2 }, 'b')
  assert.equal(readdirSync(where).includes('audit-2026-01-28T10-11-12.345.log'), false)
  assert.equal(readdirSync(where).includes('audit-2026-01-30T10-11-12.345.log'), true)
})

test('what is larger than a whole log is refused, and 0 means that there is no end', async () => {
  await assert.rejects(
    () =>
      filled('small', {}, '').then(() => {
        const file = new RotatedFile(join(folder, 'small', 'audit.log'), NONE, { now: () => START })
        file.write(new Uint8Array(1024 * 1024 + 1))
      }),
    /write length 1048577 exceeds maximum file size 1048576/,
  )
  const where = await filled('endless', { maxSize: 0 }, 'abc')
  assert.deepEqual(readdirSync(where), ['audit.log'])
})

test('a log goes on where it ended', async () => {
  const where = await filled('again', {}, 'a')
  const file = new RotatedFile(join(where, 'audit.log'), NONE, { now: () => START })
  file.write(new TextEncoder().encode('end'))
  await file.close()
  assert.equal(readFileSync(join(where, 'audit.log'), 'utf8').slice(-4), 'aend')
})
