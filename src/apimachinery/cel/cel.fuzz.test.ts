import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  BOOL,
  type CelSchema,
  declTypeOf,
  DYN,
  Environment,
  equal,
  isError,
  jsonValue,
  readerOf,
  sizesUnder,
  structsOf,
} from './index.ts'

const schema: CelSchema = {
  type: 'object',
  properties: {
    i: { type: 'integer' },
    s: { type: 'string', maxLength: 20 },
    b: { type: 'boolean' },
    d: { type: 'number' },
    l: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 5 } },
    m: { type: 'object', maxProperties: 5, additionalProperties: { type: 'integer' } },
    p: { 'x-kubernetes-int-or-string': true },
  },
}
const decl = declTypeOf(schema, false, 'self')
assert.ok(decl)
const environment = new Environment({
  variables: { self: decl.type, any: DYN },
  structs: structsOf(decl),
  sizes: sizesUnder(decl),
})
const read = readerOf(schema)
const LIMIT = 10_000

/** Compiles and, if that goes, evaluates: whatever comes, it is an answer, and one that was paid for. */
function run(source: string, data: unknown): void {
  const compiled = environment.compile(source)
  if (!compiled.ok) {
    assert.notEqual(compiled.message, '')
    return
  }
  assert.ok(compiled.cost.min <= compiled.cost.max)
  const { value, cost, exceeded } = compiled.program.evaluate({ self: read(data), any: jsonValue(data) }, LIMIT)
  assert.equal(exceeded, cost > LIMIT)
  assert.ok(!exceeded || isError(value))
  if (compiled.type === BOOL && !isError(value)) assert.equal(typeof value, 'boolean')
  const again = compiled.program.evaluate({ self: read(data), any: jsonValue(data) }, LIMIT)
  assert.equal(again.cost, cost)
}

const WORDS = [
  ...'self any i s b d l m p x true false null in has size type int string double dyn optional'.split(' '),
  ...'. , ( ) [ ] { } ? : ! - + * / % < <= == != >= > && || .? [? 0 1 2u 1.5 "" "a" \'%s\' b"x" r"\\d"'.split(' '),
  ...'all exists map filter exists_one transformMap sortBy matches find split join format sum max'.split(' '),
]

/** Expressions of the right form, whose types may be wrong. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('self', 'any', 'x', 'self.i', 'self.s', 'self.b', 'self.d', 'self.l', 'self.m', 'self.p', 'any.l'),
    fc.constantFrom(
      '1',
      '2',
      '0',
      '-1',
      '1u',
      '1.5',
      '"a"',
      '"a,b"',
      'true',
      'null',
      '[]',
      '{}',
      '9223372036854775807',
    ),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '%', '<', '<=', '==', '!=', '&&', '||', 'in'),
        tie('expression'),
      )
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc
      .tuple(fc.constantFrom('!', '-', 'size', 'type', 'string', 'int', 'dyn', 'double'), tie('expression'))
      .map(([fn, a]) => `${fn}(${a})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter', 'sortBy'),
        tie('expression'),
      )
      .map(([a, macro, b]) => `${a}.${macro}(x, ${b})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a}.transformMap(k, x, ${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('size()', 'sum()', 'max()', 'trim()', 'sort()', 'i', '?s', 'split(",")', 'join()'),
      )
      .map(([a, call]) => `${a}.${call}`),
    fc.tuple(tie('expression'), fc.constantFrom('', '?'), tie('expression')).map(([a, q, b]) => `${a}[${q}${b}]`),
    fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([key, value]) => `{${key}: ${value}}`),
  ),
}))

const data = fc.record(
  {
    i: fc.oneof(fc.integer(), fc.string()),
    s: fc.oneof(fc.string(), fc.constantFrom('é😀', 'ÀB', '日本')),
    b: fc.boolean(),
    d: fc.double({ noNaN: true, noDefaultInfinity: true }),
    l: fc.array(fc.oneof(fc.string(), fc.constant(null)), { maxLength: 5 }),
    m: fc.dictionary(fc.string(), fc.integer()),
    p: fc.oneof(fc.integer(), fc.string()),
  },
  { requiredKeys: [] },
)

suite('any text, on any data', () => {
  test('text that is mostly no expression', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), data, run), { numRuns: 500 })
  })

  test('words in any order', () => {
    const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 15 }).map((words) => words.join(' '))
    fc.assert(fc.property(soup, data, run), { numRuns: 1000 })
  })

  test('expressions', () => {
    fc.assert(fc.property(expression, data, run), { numRuns: 1000 })
  })

  test('nesting without end', () => {
    for (const [open, close] of [
      ['(', ')'],
      ['[', ']'],
      ['!', ''],
      ['-', ''],
      ['{1: ', '}'],
      ['a.b(', ')'],
      ['a[', ']'],
    ] as const) {
      run(open.repeat(5000) + '1' + close.repeat(5000), {})
    }
    for (const chain of ['.a', '[0]', ' + 1', ' && true', ' == 1', ' ? 1 : 2', '.map(x, x)'])
      run(`1${chain.repeat(5000)}`, {})
  })

  test('equal is symmetric on data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        assert.equal(equal(jsonValue(a), jsonValue(a)), true)
        assert.equal(equal(jsonValue(a), jsonValue(b)), equal(jsonValue(b), jsonValue(a)))
      }),
    )
  })
})
