import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearizationProblem, PRESENT, type Operation, type Read, type Write } from './linearizable.ts'

const read = (start: number, end: number, value: Read['value']): Read => ({ kind: 'read', key: 'k', start, end, value })
const write = (start: number, end: number, value: Write['value'], more: Partial<Write> = {}): Write => ({
  kind: 'write',
  key: 'k',
  start,
  end,
  value,
  expect: PRESENT,
  outcome: 'ok',
  ...more,
})
const create = (start: number, end: number, value: string): Write => write(start, end, value, { expect: null })

const LINEARIZABLE: Readonly<Record<string, readonly Operation[]>> = {
  'one after another': [create(0, 1, 'a'), read(2, 3, 'a'), write(4, 5, 'b', { expect: 'a' }), read(6, 7, 'b')],
  'a read beside a write sees either': [create(0, 1, 'a'), write(2, 9, 'b'), read(3, 4, 'a'), read(5, 6, 'b')],
  'a lost answer that happened': [create(0, 1, 'a'), write(2, 9, 'b', { outcome: 'unknown' }), read(10, 11, 'b')],
  'a lost answer that did not': [create(0, 1, 'a'), write(2, 9, 'b', { outcome: 'unknown' }), read(10, 11, 'a')],
  'refused beside the one that won': [create(0, 9, 'a'), write(1, 8, 'b', { expect: null, outcome: 'refused' })],
  'deleted and made again': [
    create(0, 1, 'a'),
    write(2, 3, null),
    read(4, 5, null),
    create(6, 7, 'b'),
    read(8, 9, 'b'),
  ],
}
const NOT: Readonly<Record<string, readonly Operation[]>> = {
  'a stale read': [create(0, 1, 'a'), write(2, 3, 'b'), read(4, 5, 'a')],
  'a lost write': [create(0, 1, 'a'), read(2, 3, null)],
  'two winners': [create(0, 9, 'a'), create(1, 8, 'b')],
  'back in time': [create(0, 1, 'a'), write(2, 9, 'b'), read(3, 4, 'b'), read(5, 6, 'a')],
  'an update lost': [create(0, 1, 'a'), write(2, 9, 'b', { expect: 'a' }), write(3, 8, 'c', { expect: 'a' })],
  'a refusal without a reason': [create(0, 1, 'a'), write(2, 3, 'b', { expect: 'a', outcome: 'refused' })],
  'a lost answer that happens twice': [
    create(0, 1, 'a'),
    write(2, 9, 'b', { outcome: 'unknown' }),
    read(10, 11, 'b'),
    write(12, 13, 'c'),
    read(14, 15, 'b'),
  ],
}

for (const [name, history] of Object.entries(LINEARIZABLE))
  test(`linearizable: ${name}`, () => assert.equal(linearizationProblem(history), undefined))
for (const [name, history] of Object.entries(NOT))
  test(`not linearizable: ${name}`, () => assert.match(linearizationProblem(history) ?? '', /no order explains/))
