import assert from 'node:assert/strict'
import { mkdtemp, readdir, rename, rm, writeFile, appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { linuxFiles } from '../linux/files.ts'
import type { RuntimeService } from '../cri/services.ts'
import { logTail, readLog, type LogOptions } from './read.ts'
import { rotateLog } from './rotation.ts'

const line = (second: number, stream: string, text: string, tag = 'F'): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z ${stream} ${tag} ${text}\n`

const LOG = [
  line(1, 'stdout', 'one'),
  line(2, 'stderr', 'two'),
  line(3, 'stdout', 'thr', 'P'),
  line(3, 'stdout', 'ee'),
  line(4, 'stdout', ''),
].join('')

async function withLog(content: string, use: (path: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(`${tmpdir()}/skiff-logs-`)
  try {
    await writeFile(`${dir}/0.log`, content)
    await use(`${dir}/0.log`)
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function read(
  path: string,
  options: Partial<LogOptions> = {},
  signal = new AbortController().signal,
): Promise<string> {
  let text = ''
  const all = { follow: false, timestamps: false, ...options }
  for await (const piece of readLog(linuxFiles, path, all, AbortSignal.abort(), signal))
    text += Buffer.from(piece).toString()
  return text
}

test('a log is read back as it was written, by what is asked of it', () =>
  withLog(LOG, async (path) => {
    const cases: [Partial<LogOptions>, string][] = [
      [{}, 'one\ntwo\nthree\n\n'],
      [{ tailLines: 2 }, 'ee\n\n'],
      [{ tailLines: 0 }, ''],
      [{ tailLines: 100 }, 'one\ntwo\nthree\n\n'],
      [{ limitBytes: 5 }, 'one\nt'],
      [{ stream: 'stderr' }, 'two\n'],
      [{ sinceMs: Date.UTC(2026, 0, 1, 0, 0, 4) }, '\n'],
      [{ timestamps: true, tailLines: 1 }, '2026-01-01T00:00:04.000000001Z \n'],
    ]
    for (const [options, want] of cases) assert.equal(await read(path, options), want, JSON.stringify(options))
  }))

test('the tail is found in a log that is larger than what is read at once', () =>
  withLog(Array.from({ length: 5000 }, (_, i) => line(1, 'stdout', `line ${i}`)).join(''), async (path) => {
    const lines = (await read(path, { tailLines: 3000 })).split('\n')
    assert.equal(lines.length, 3001)
    assert.equal(lines[0], 'line 2000')
  }))

test('the end of a log makes a message', () =>
  withLog(LOG, async (path) => {
    assert.equal(await logTail(linuxFiles, path, 2, 100), 'ee\n\n')
    assert.equal(await logTail(linuxFiles, path, 80, 4), 'ee\n\n')
    assert.equal(await logTail(linuxFiles, `${path}.none`, 80, 4), '')
  }))

test('following goes on across rotation, and ends with the container', () =>
  withLog(line(1, 'stdout', 'first'), async (path) => {
    const ended = new AbortController()
    const seen: string[] = []
    const options = { follow: true, timestamps: false }
    for await (const piece of readLog(linuxFiles, path, options, ended.signal, AbortSignal.timeout(10_000))) {
      const text = Buffer.from(piece).toString().trim()
      seen.push(text)
      if (text === 'first') {
        await appendFile(path, line(2, 'stdout', 'before'))
        await rename(path, `${path}.1`)
        await writeFile(path, line(3, 'stdout', 'after'))
      }
      if (text === 'after') {
        await appendFile(path, line(4, 'stdout', 'last'))
      }
      // Nothing changes the file any more: the end alone must be enough.
      if (text === 'last') ended.abort()
    }
    assert.deepEqual(seen, ['first', 'before', 'after', 'last'])
  }))

test('rotation keeps so many files, all but the newest old one compressed', () =>
  withLog('x'.repeat(100), async (path) => {
    const reopened: string[] = []
    const runtime = {
      reopenContainerLog: (id: string) => {
        reopened.push(id)
        return writeFile(path, 'x'.repeat(100))
      },
    } as Partial<RuntimeService> as RuntimeService
    const options = { files: linuxFiles, runtime, maxBytes: 100, maxFiles: 3 }
    for (const version of ['1', '2', '3'])
      assert.equal(await rotateLog({ id: 'c', logPath: path }, version, options), true)
    assert.deepEqual((await readdir(path.slice(0, -6))).sort(), ['0.log', '0.log.2.gz', '0.log.3'])
    assert.deepEqual(reopened, ['c', 'c', 'c'])
    assert.equal(await rotateLog({ id: 'c', logPath: path }, '4', { ...options, maxBytes: 101 }), false)
  }))

test('a runtime that does not reopen keeps its log', () =>
  withLog('x'.repeat(100), async (path) => {
    const runtime = {
      reopenContainerLog: () => Promise.reject(new Error('no')),
    } as Partial<RuntimeService> as RuntimeService
    await assert.rejects(
      rotateLog({ id: 'c', logPath: path }, '1', { files: linuxFiles, runtime, maxBytes: 1, maxFiles: 3 }),
      /no/,
    )
    assert.deepEqual(await readdir(path.slice(0, -6)), ['0.log'])
  }))
