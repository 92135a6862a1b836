import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Correlated } from './correlation.ts'
import { hasFormat } from './formats.ts'
import type { JsonSchema } from './json-schema.ts'
import { validateListTypes } from './list-types.ts'
import { validateValue } from './validate.ts'

const told = (value: unknown, schema: JsonSchema): string[] =>
  validateValue({ a: value }, { type: 'object', properties: { a: schema } }).map(
    ({ field, message }) => `${field}: ${message}`,
  )

const integer = { type: 'integer', minimum: 0, maximum: 10, multipleOf: 2 } as const
const either = { type: 'object', anyOf: [{ required: ['x'] }, { required: ['y'] }] } as const

const CASES: readonly (readonly [string, unknown, JsonSchema, readonly string[]])[] = [
  ['a type', 'x', { type: 'integer' }, ['a: Invalid value: "string": a in body must be of type integer: "string"']],
  ['null', null, { type: 'string' }, ['a: Invalid value: "null": a in body must be of type string: "null"']],
  ['a nullable null', null, { type: 'string', nullable: true }, []],
  [
    'a fraction for an integer is told with all bounds',
    1.5,
    integer,
    [
      'a: Invalid value: "number": a in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a',
      'a: Invalid value: 1.5: a in body should be a multiple of 2',
    ],
  ],
  ['the lower bound', -2, integer, ['a: Invalid value: -2: a in body should be greater than or equal to 0']],
  [
    'integers meet fractions as integers',
    10,
    { type: 'number', maximum: 9.5, exclusiveMaximum: true },
    ['a: Invalid value: 10: a in body should be less than 9'],
  ],
  ['an int64 past 2^53', 9007199254740993n, { type: 'integer', format: 'int64' }, []],
  [
    'an int32',
    2147483648,
    { type: 'integer', format: 'int32' },
    ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
  ],
  [
    'of a string the first problem alone',
    'ABCDE',
    { type: 'string', maxLength: 4, pattern: '^[a-z]+$' },
    ['a: Too long: may not be more than 4 bytes'],
  ],
  ['a format', 'x', { type: 'string', format: 'date' }, ['a: Invalid value: "x": a in body must be of type date: "x"']],
  ['a format that nobody knows', 'x', { type: 'string', format: 'fruit' }, []],
  [
    'the alternative that came furthest',
    {},
    either,
    ['<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)', 'a.x: Required value'],
  ],
  [
    'both of one',
    { x: 1, y: 2 },
    { type: 'object', oneOf: either.anyOf },
    ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
  ],
  [
    'none of all',
    {},
    { type: 'object', allOf: either.anyOf },
    [
      'a.x: Required value',
      'a.y: Required value',
      '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated',
    ],
  ],
  [
    'not',
    { x: 1 },
    { type: 'object', not: { required: ['x'] } },
    ['<nil>: Invalid value: "": "a" must not validate the schema (not)'],
  ],
  [
    'an enum of integers',
    3,
    { type: 'integer', enum: [1, 2] },
    ['a: Unsupported value: 3: supported values: "1", "2"'],
  ],
  [
    'int-or-string',
    true,
    { 'x-kubernetes-int-or-string': true },
    ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
  ],
]

for (const [name, value, schema, expected] of CASES) {
  test(`validation tells ${name}`, () => assert.deepEqual(told(value, schema), expected))
}

test('patterns are RE2: no input takes exponential time, and \\z is the end', () => {
  const schema = { type: 'string', pattern: '^(a+)+\\z' }
  assert.equal(told(`${'a'.repeat(50_000)}!`, schema).length, 1)
  assert.deepEqual(told('aaa', schema), [])
})

const GOOD: Readonly<Record<string, readonly string[]>> = {
  uri: ['/x', 'http://', 'mailto:a@b', 'http://x/y'],
  email: ['a@b', 'A <a@b.c>'],
  hostname: ['a', 'a.bc', 'ab-c.example'],
  ipv4: ['1.2.3.4', '01.2.3.4', '::ffff:1.2.3.4'],
  mac: ['00:11:22:33:44:55', '001122334455', '0011.2233.4455'],
  duration: ['1h30m', '3 days', '1.5h', '0'],
  datetime: ['2020-01-01T00:00:00Z', '2020-01-01t23:59:59.1+01:00'],
  isbn: ['0321751043', '978-0321751041'],
  creditcard: ['4111-1111-1111-1111'],
  ssn: ['123-45-6789'],
  rgbcolor: ['rgb( 0 , 2 , 255 )'],
}
const BAD: Readonly<Record<string, readonly string[]>> = {
  uri: ['', 'x', 'http://x y'],
  email: ['a@', 'mailto:a@b'],
  hostname: ['', '1.2.3.4', '-a.bc', 'a.b', 'a_b'],
  ipv4: ['::1', '1.2.3'],
  mac: ['00:11:22:33:44', '00:11-22:33:44:55'],
  byte: ['', 'Zm9'],
  date: ['2020-02-30', '2020-1-1'],
  duration: ['10', '1y'],
  datetime: ['2020-01-01 00:00:00Z', '2020-01-01T25:00:00Z'],
  isbn: ['0321751044'],
  creditcard: ['4111111111111112'],
  ssn: ['123456789'],
  rgbcolor: ['rgb(256,2,3)'],
  uuid4: ['123e4567-e89b-42d3-c456-426614174000'],
  'k8s-short-name': ['A', 'a.b', '-a'],
}

test('formats are those of upstream', () => {
  for (const [format, texts] of Object.entries(GOOD)) for (const text of texts) assert.ok(hasFormat(text, format), text)
  for (const [format, texts] of Object.entries(BAD)) for (const text of texts) assert.ok(!hasFormat(text, format), text)
})

const KEYS = ['k']
const crew: JsonSchema = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': KEYS,
  items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 5 } } },
}
const ship: JsonSchema = {
  type: 'object',
  properties: {
    crew,
    name: { type: 'string', maxLength: 3 },
    list: { type: 'array', items: { type: 'integer', maximum: 5 } },
    parts: { type: 'object', additionalProperties: { type: 'string', enum: ['a'] } },
  },
}

const changed = (value: object, old: object): string[] =>
  validateValue(value, ship, '', new Correlated(value, old, ship)).map(({ field }) => field)

test('what was wrong before and did not change is tolerated', () => {
  const old = { name: 'long', crew: [{ k: 'a', v: 9 }], list: [9, 1], parts: { x: 'b' } }
  assert.deepEqual(changed(old, old), [])
  assert.deepEqual(
    changed(
      {
        ...old,
        crew: [
          { k: 'b', v: 9 },
          { k: 'a', v: 9 },
        ],
      },
      old,
    ),
    ['crew[0].v'],
  )
  assert.deepEqual(changed({ ...old, crew: [{ k: 'a', v: 8 }] }, old), ['crew[0].v'])
  // Lists that are no maps are compared as a whole.
  assert.deepEqual(changed({ ...old, list: [9, 2] }, old), ['list[0]'])
  assert.deepEqual(changed({ ...old, parts: { x: 'b', y: 'c' } }, old), ['parts.y'])
  const two = {
    crew: [
      { k: 'a', v: 9 },
      { k: 'b', v: 9 },
    ],
  }
  assert.deepEqual(changed({ crew: two.crew.toReversed() }, two), [])
})

test('lists that are sets or maps hold nothing twice', () => {
  const fields = (value: unknown, schema: JsonSchema): string[] =>
    [...validateListTypes({ a: value }, { properties: { a: schema } })].map(
      ({ field, message }) => `${field} ${message}`,
    )
  const set: JsonSchema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }
  assert.deepEqual(fields(['x', 'y', 'x', 'x'], set), ['a[2] Duplicate value: "x"'])
  assert.deepEqual(fields([{ k: 'x' }, { k: 'x', v: 1 }], crew), ['a[1] Duplicate value: {"k":"x"}'])
  assert.deepEqual(fields(['x'], crew), ['a[0] Invalid value: "x": must be an object for an array of list-type map'])
})
