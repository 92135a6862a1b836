import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../clock.ts'
import type { LogLevel } from './line-logger.ts'
import { lineLogger } from './line-logger.ts'

function collect(level: LogLevel, format: 'text' | 'json') {
  const lines: string[] = []
  const clock = new VirtualClock(Date.UTC(2026, 0, 2))
  return { lines, log: lineLogger({ clock, level, format, write: (line) => lines.push(line) }) }
}

test('text lines carry time, level, message and fields, quoted where needed', () => {
  const { lines, log } = collect('info', 'text')
  log.with({ node: 'a' }).info('pod started', { pod: 'default/web', why: 'was asked to' })
  assert.deepEqual(lines, ['2026-01-02T00:00:00.000Z INFO  pod started node=a pod=default/web why="was asked to"\n'])
})

test('entries below the level are dropped', () => {
  const { lines, log } = collect('warn', 'text')
  log.info('no')
  log.error('yes')
  assert.equal(lines.length, 1)
})

test('an error is shown with its cause, in JSON too', () => {
  const { lines, log } = collect('info', 'json')
  log.error('failed', { err: new Error('no socket', { cause: new Error('ENOENT') }) })
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '2026-01-02T00:00:00.000Z',
    level: 'error',
    message: 'failed',
    err: 'no socket: ENOENT',
  })
})
