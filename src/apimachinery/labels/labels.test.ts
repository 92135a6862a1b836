import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatLabelSelector, matches, selectorOf, validateLabelSelector } from './label-selector.ts'
import { parseLabelSelector } from './parse.ts'
import { demandedLabel, formatLabelSet, selects } from './selector.ts'

test('parses and prints upstream’s examples', () => {
  const cases: [string, string][] = [
    ['', ''],
    ['x=a', 'x=a'],
    ['x==a', 'x==a'],
    [' x = a , y = b ', 'x=a,y=b'],
    ['x!=a,y=b', 'x!=a,y=b'],
    ['y,x', 'x,y'],
    ['!x', '!x'],
    ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()'],
    ['in in (in,notin)', 'in in (in,notin)'],
    ['x>1,y<7', 'x>1,y<7'],
    ['x=', 'x='],
    ['example.com/tier=web', 'example.com/tier=web'],
  ]
  for (const [text, want] of cases) assert.equal(formatLabelSet(parseLabelSelector(text)), want, text)
})

test('refuses what is no selector, in upstream’s words', () => {
  const cases: [string, string][] = [
    ['x=a||y=b', 'unable to parse requirement: values[0][x]: Invalid value: "a||y": a valid label must be'],
    ['x,', "found '', expected: identifier after ','"],
    ['x in foo', "unable to parse requirement: found 'foo' expected: '('"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['x y', "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
    ['!x=a', "found '=', expected: ',' or 'end of string'"],
    ['(x', "found '(', expected: !, identifier, or 'end of string'"],
    ['x>a', "for 'Gt', 'Lt' operators, the value must be an integer"],
    ['-x', 'unable to parse requirement: <nil>: Invalid value: "-x": name part must consist of'],
  ]
  for (const [text, want] of cases)
    assert.throws(
      () => parseLabelSelector(text),
      (error: Error) => error.name === 'ParseError' && error.message.includes(want),
      text,
    )
})

test('selects by every operator', () => {
  const labels = { app: 'web', replicas: '10', empty: '' }
  const cases: [string, boolean][] = [
    ['app=web', true],
    ['app!=web', false],
    ['missing!=web', true],
    ['missing=', false],
    ['empty=', true],
    ['app in (db,web)', true],
    ['missing notin (a)', true],
    ['app,!missing', true],
    ['!app', false],
    ['replicas>9,replicas<11', true],
    ['replicas>10', false],
    ['app>1', false],
    ['constructor', false],
    ['!toString', true],
  ]
  for (const [text, want] of cases) assert.equal(selects(parseLabelSelector(text), labels), want, text)
})

test('a metav1.LabelSelector: absent selects nothing, empty everything', () => {
  assert.equal(matches(undefined, { a: 'b' }), false)
  assert.equal(matches({}, { a: 'b' }), true)
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'canary', operator: 'DoesNotExist' },
    ],
  }
  assert.equal(matches(selector, { app: 'web', tier: 'a' }), true)
  assert.equal(matches(selector, { app: 'web', tier: 'a', canary: '' }), false)
  assert.equal(formatLabelSelector(selector), 'app=web,!canary,tier in (a,b)')
  assert.equal(formatLabelSelector({}), '<none>')
  assert.equal(formatLabelSelector({ matchLabels: { '-': '' } }), '<error>')
  assert.equal(matches({ matchExpressions: [{ key: 'a', operator: 'Bad' }] }, {}), false)
  assert.throws(() => selectorOf({ matchExpressions: [{ key: 'a', operator: 'Bad' }] }), {
    message: '"Bad" is not a valid label selector operator',
  })
})

test('field errors of a label selector', () => {
  const errors = validateLabelSelector(
    {
      matchLabels: { 'a b': 'c' },
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'a', operator: 'Exists', values: ['x'] },
        { key: 'a', operator: 'Like', values: ['-'] },
      ],
    },
    'spec.selector',
  )
  assert.deepEqual(
    errors.map((e) => `${e.type} ${e.field}`),
    [
      'FieldValueInvalid spec.selector.matchLabels',
      'FieldValueRequired spec.selector.matchExpressions[0].values',
      'FieldValueForbidden spec.selector.matchExpressions[1].values',
      'FieldValueInvalid spec.selector.matchExpressions[2].operator',
      'FieldValueInvalid spec.selector.matchExpressions[2].values[0]',
    ],
  )
})

test('demandedLabel names the one value that can match', () => {
  assert.equal(demandedLabel(parseLabelSelector('a=b,c in (d),e!=f'), 'a'), 'b')
  assert.equal(demandedLabel(parseLabelSelector('c in (d)'), 'c'), 'd')
  assert.equal(demandedLabel(parseLabelSelector('e!=f'), 'e'), undefined)
  assert.equal(demandedLabel(parseLabelSelector('c in (d,f)'), 'c'), undefined)
})

const value = fc.stringMatching(/^([a-z]([-a-z.]{0,5}[a-z])?)?$/)
const key = fc.stringMatching(/^[a-z]([-a-z.]{0,5}[a-z])?$/).filter((k) => k !== 'in' && k !== 'notin')
const requirement = fc.oneof(
  key,
  key.map((k) => `!${k}`),
  fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map((parts) => parts.join('')),
  fc
    .tuple(key, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 4 }))
    .map(([k, op, values]) => `${k} ${op} (${values.join(',')})`),
)

test('property: printing and parsing again changes nothing; in and notin are opposites', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(key, value), (requirements, labels) => {
      const selector = parseLabelSelector(requirements.join(','))
      const again = parseLabelSelector(formatLabelSet(selector))
      assert.equal(formatLabelSet(again), formatLabelSet(selector))
      assert.equal(selects(again, labels), selects(selector, labels))
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(key, fc.array(value, { minLength: 1 }), fc.dictionary(key, value), (k, values, labels) => {
      const list = values.join(',')
      assert.notEqual(
        selects(parseLabelSelector(`${k} in (${list})`), labels),
        selects(parseLabelSelector(`${k} notin (${list})`), labels),
      )
    }),
    { numRuns: 200 },
  )
})
