import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema, StructSchema } from '../../schema.ts'
import { misfit } from './misfit.ts'

const fields: Record<string, Schema> = {
  text: { kind: 'string' },
  count: { kind: 'int32' },
  flag: { kind: 'boolean' },
  ratio: { kind: 'double' },
  labels: { kind: 'map', values: { kind: 'string' } },
  names: { kind: 'list', items: { kind: 'string' } },
  policy: { kind: 'string', goType: 'v1.Policy' },
  data: { kind: 'bytes' },
  at: { kind: 'time' },
}
const type: StructSchema = {
  kind: 'struct',
  name: 'v1.Type',
  fields: new Map(Object.entries(fields).map(([name, schema]) => [name, { name, schema }])),
}

test('what does not fit a type, in the words of upstream’s converter', () => {
  const cases: [unknown, string | undefined][] = [
    [{ text: 'x', count: 1, flag: true, ratio: 1, labels: { a: 'b' }, names: ['a'], data: 'aA==' }, undefined],
    [{ text: null, labels: null, at: 5 }, undefined],
    [{ text: 5 }, 'cannot convert int64 to string'],
    [{ text: 1.5 }, 'unrecognized type: string'],
    [{ count: 'x' }, 'unrecognized type: int32'],
    [{ count: 1.5 }, 'cannot convert float64 to int32'],
    [{ flag: 5 }, 'unrecognized type: bool'],
    [{ labels: ['x'] }, 'cannot restore map from slice'],
    [{ labels: { a: 5 } }, 'cannot convert int64 to string'],
    [{ names: {} }, 'cannot restore slice from map'],
    [{ names: [true] }, 'unrecognized type: string'],
    [{ policy: 5 }, 'cannot convert int64 to v1.Policy'],
    [{ data: 5 }, 'cannot restore slice from int64'],
    ['x', 'cannot restore struct from: string'],
  ]
  for (const [value, why] of cases) assert.equal(misfit(type, value), why, JSON.stringify(value))
})
