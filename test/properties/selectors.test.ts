import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatFieldSelector, parseFieldSelector, selectsFields } from '../../src/apimachinery/fields/selector.ts'
import type { FieldRequirement } from '../../src/apimachinery/fields/selector.ts'
import { parseLabelSelector } from '../../src/apimachinery/labels/parse.ts'
import { formatLabelSet, labelSet, selects } from '../../src/apimachinery/labels/selector.ts'
import type { LabelOperator, LabelRequirement, Labels } from '../../src/apimachinery/labels/selector.ts'
import { fuzz } from '../fuzz/runs.ts'
import { texts } from './facts/texts.ts'
import { outcome } from './outcome.ts'

test('selectors are read, printed and matched as the Go library does', () => {
  for (const [text, told, labels, matches] of texts.labels) {
    const selector = outcome(() => parseLabelSelector(text))
    assert.equal(typeof selector === 'string' ? selector : formatLabelSet(selector), told, text)
    if (typeof selector !== 'string') assert.equal(selects(selector, labels), matches, text)
  }
  for (const [text, told, fields, matches] of texts.fields) {
    const selector = outcome(() => parseFieldSelector(text))
    assert.equal(typeof selector === 'string' ? selector : formatFieldSelector(selector), told, text)
    if (typeof selector !== 'string')
      assert.equal(
        selectsFields(selector, (field) => fields[field] ?? ''),
        matches,
        text,
      )
  }
})

const KEYS = ['app', 'tier', 'in', 'notin', 'exists', 'example.com/name', 'A-b_c.d']
const VALUES = ['', 'a', 'b', 'in', '1', '2', '10', 'A-b_c.d', 'notin']
const INTEGERS = ['1', '2', '10', '007']
const key = fc.constantFrom(...KEYS)
const value = fc.constantFrom(...VALUES)

const requirementOf = (operator: LabelOperator): fc.Arbitrary<LabelRequirement> => {
  const values =
    operator === 'exists' || operator === '!'
      ? fc.constant([])
      : operator === 'in' || operator === 'notin'
        ? fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((all) => all.sort())
        : fc.tuple(operator === 'gt' || operator === 'lt' ? fc.constantFrom(...INTEGERS) : value)
  return fc.record({ key, operator: fc.constant(operator), values }, { noNullPrototype: true })
}
const OPERATORS: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'exists', '!', 'gt', 'lt']
const requirements = fc.array(fc.oneof(...OPERATORS.map(requirementOf)), { maxLength: 5 })
const labels: fc.Arbitrary<Labels> = fc.dictionary(
  key,
  fc.oneof(value, fc.constantFrom('-5', '+3', '99999999999999999999')),
  { maxKeys: 5 },
)

test('a label selector is read again as it was printed', () =>
  fuzz(1000, requirements, (all) => {
    const selector = labelSet(all)
    assert.deepEqual(parseLabelSelector(formatLabelSet(selector)), selector)
  }))

/** The labels as a list of pairs, each condition as a sentence about it. */
function holds({ key: name, operator, values }: LabelRequirement, set: Labels): boolean {
  const found = Object.entries(set).filter(([k]) => k === name)
  const among = found.some(([, v]) => values.some((wanted) => wanted === v))
  if (operator === 'exists') return found.length > 0
  if (operator === '!') return found.length === 0
  if (operator === 'notin' || operator === '!=') return !among
  if (operator !== 'gt' && operator !== 'lt') return among
  const whole = found.map(([, v]) => v).filter((v) => /^[-+]?\d{1,18}$/.test(v))
  return whole.some((v) => (operator === 'gt' ? Number(v) > Number(values[0]) : Number(v) < Number(values[0])))
}

test('a label selector selects what each of its conditions holds for', () =>
  fuzz(2000, fc.tuple(requirements, labels), ([all, set]) => {
    const selector = labelSet(all)
    assert.equal(
      selects(selector, set),
      all.every((one) => holds(one, set)),
      formatLabelSet(selector),
    )
  }))

const fieldValue = fc.string({ unit: fc.constantFrom('a', 'b', '\\', ',', '=', '!', ' ', 'é', '😀'), maxLength: 5 })
const fieldRequirements = fc.array(
  fc.record<FieldRequirement>(
    {
      field: fc.constantFrom('metadata.name', 'spec.nodeName', 'status.phase'),
      operator: fc.constantFrom('=', '!='),
      value: fieldValue,
    },
    { noNullPrototype: true },
  ),
  { maxLength: 4 },
)

test('a field selector is read again as it was printed, whatever its values, and selects the same', () =>
  fuzz(1000, fc.tuple(fieldRequirements, fc.array(fieldValue, { minLength: 3, maxLength: 3 })), ([all, values]) => {
    const text = formatFieldSelector(all)
    const selector = parseFieldSelector(text)
    const inOrder = (list: readonly FieldRequirement[]): string[] => list.map((one) => JSON.stringify(one)).sort()
    assert.deepEqual(inOrder(selector), inOrder(all), text)
    assert.equal(formatFieldSelector(parseFieldSelector(formatFieldSelector(selector))), formatFieldSelector(selector))
    const valueOf = (field: string): string => values[field.length % 3] ?? ''
    const expected = all.every((one) => (one.operator === '=') === (valueOf(one.field) === one.value))
    assert.equal(selectsFields(selector, valueOf), expected, text)
  }))
