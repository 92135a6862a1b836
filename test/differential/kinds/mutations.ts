import type { ScalarSchema, Schema, StructSchema } from '../../../src/apimachinery/schema.ts'
import { escapeKey, type Mutation } from './pointer.ts'

/** What is tried for each kind of scalar: valid, empty, too small, too large, malformed and of a wrong type. */
const STRINGS = [
  '',
  'UPPER_Case',
  '-bad',
  'a b',
  'x'.repeat(64),
  'y'.repeat(254),
  'a.b/c',
  '1.2.3.4',
  '*',
  '/abs',
  '../up',
  5,
]
const INTEGERS = [-1, 0, 1, 7, 65_536, 2_147_483_647, 2_147_483_648, 'x', 1.5]
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false, 'x'],
  int32: INTEGERS,
  int64: [...INTEGERS, 9_007_199_254_740_992],
  double: [-1, 0, 1.5, 'x'],
  bytes: ['', 'aGk=', '!!', 5],
  time: ['bad', '2026-01-01T00:00:00Z', null],
  microTime: ['bad', '2026-01-01T00:00:00Z', null],
  duration: ['5s', '-5s', 'bad', '0s'],
  quantity: ['-1', '0', '1.5', '100m', 'abc', '1e30', '1Gi', '', 5],
  intOrString: [-1, 0, 1, '25%', '150%', '-5%', 'abc', '', 70_000, 'UPPER'],
}
const ANYTHING = [{}, { a: 1 }, null, 'x', 5]
const KEYS = ['', 'a b', 'UPPER_Case', '-bad', 'x'.repeat(64), 'a.b/c', 'kubernetes.io/x', 'other']

/** What is not a spec's business: who an object is. */
const LEFT_ALONE = new Set(['/apiVersion', '/kind', '/metadata', '/status'])

/**
 * Every field of an object's type taken away, emptied, repeated, and given values of all sorts, whether the object has it or not; a template's
 * inside only where the template is what the kind is about.
 */
export function* mutations(schema: Schema, value: unknown, at = ''): Generator<Mutation> {
  switch (schema.kind) {
    case 'struct':
      return yield* ofStruct(schema, value, at)
    case 'list':
      return yield* ofList(schema.items, value, at)
    case 'map':
      return yield* ofMap(schema.values, value, at)
    default:
      for (const other of valuesOf(schema)) if (other !== value) yield { at, value: other }
  }
}

const INSIDE_TEMPLATES = /\/template\/spec\/(?:volumes|affinity|securityContext|containers\/0)(?:\/|$)/

function* ofStruct(schema: StructSchema, value: unknown, at: string): Generator<Mutation> {
  const given = (value ?? {}) as Readonly<Record<string, unknown>>
  for (const { name, schema: type } of schema.fields.values()) {
    const field = `${at}/${escapeKey(name)}`
    if (LEFT_ALONE.has(field) || name === 'managedFields' || INSIDE_TEMPLATES.test(field)) continue
    if (name in given) {
      yield { at: field }
      yield* mutations(type, given[name], field)
    } else yield* ofAbsent(type, field)
  }
  if (at === '') return
  yield { at, value: 'x' }
  yield { at, value: {} }
}

function* ofList(items: Schema, value: unknown, at: string): Generator<Mutation> {
  if (!Array.isArray(value)) return
  const all = value as readonly unknown[]
  yield* [[], null, 'x'].map((other) => ({ at, value: other }))
  if (all.length === 0) return
  yield* [[...all, all[0]], all.toReversed(), [...all, plausible(items, 1)], [...all, null]].map((other) => ({
    at,
    value: other,
  }))
  yield { at: `${at}/0` }
  for (const [index, item] of all.entries()) yield* mutations(items, item, `${at}/${index}`)
}

function* ofMap(values: Schema, value: unknown, at: string): Generator<Mutation> {
  const given = (value ?? {}) as Readonly<Record<string, unknown>>
  yield* [{}, null, []].map((other) => ({ at, value: other }))
  const one = Object.values(given)[0] ?? plausible(values, 2)
  for (const key of KEYS) yield { at, value: { ...given, [key]: one } }
  for (const [key, item] of Object.entries(given)) {
    yield { at: `${at}/${escapeKey(key)}` }
    yield* mutations(values, item, `${at}/${escapeKey(key)}`)
  }
}

function* ofAbsent(type: Schema, at: string): Generator<Mutation> {
  if (type.kind === 'struct') {
    yield { at, value: {} }
    yield { at, value: plausible(type, 0) }
    yield { at, value: plausible(type, 0, true) }
  } else if (type.kind === 'list') {
    const item = plausible(type.items, 1)
    yield* [[], [item], [item, item], [plausible(type.items, 0, true)]].map((value) => ({ at, value }))
    if (type.items.kind === 'string') for (const text of ['', 'UPPER_Case', 'a b']) yield { at, value: [text] }
  } else if (type.kind === 'map') {
    const item = plausible(type.values, 2)
    yield* [{}, { k: item }, { 'a b': item }].map((value) => ({ at, value }))
  } else for (const value of valuesOf(type)) yield { at, value }
}

function valuesOf(schema: ScalarSchema): readonly unknown[] {
  if (schema.kind !== 'string') return VALUES[schema.kind] ?? ANYTHING
  return schema.enum ? [...schema.enum, 'bogus', ...STRINGS] : STRINGS
}

const DEEPEST = 4
const PLAUSIBLE: Readonly<Record<string, unknown>> = {
  boolean: true,
  int32: 1,
  int64: 1,
  double: 1,
  bytes: 'aGk=',
  time: '2026-01-01T00:00:00Z',
  microTime: '2026-01-01T00:00:00.000000Z',
  duration: '5s',
  quantity: '1',
  intOrString: 1,
}

/** A value that a type might have: what it requires, or on the upper levels everything. */
function plausible(schema: Schema, depth: number, full = false): unknown {
  if (schema.kind === 'string') return schema.enum?.[0] ?? 'val'
  if (schema.kind === 'list') return depth > DEEPEST ? [] : [plausible(schema.items, depth + 1, full)]
  if (schema.kind === 'map') return depth > DEEPEST ? {} : { k: plausible(schema.values, depth + 1, full) }
  if (schema.kind !== 'struct') return PLAUSIBLE[schema.kind] ?? { a: 1 }
  if (depth > DEEPEST) return {}
  const fields = [...schema.fields.values()].filter(({ required }) => required || (full && depth < 2))
  return Object.fromEntries(
    fields.map((field) => [field.name, field.default ?? plausible(field.schema, depth + 1, full)]),
  )
}
