import { goQuote } from '../../lib/quote.ts'
import { ParseError } from '../parse-error.ts'
import { isLabelValue, isQualifiedName } from '../validation/names.ts'

/** The operators of a label selector, as upstream's selection package spells them. */
export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt'

/** One condition on the labels of an object. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** One for `=`, `==`, `!=`, `gt`, `lt`; any number for `in`, `notin`; none for `exists`, `!`. */
  readonly values: readonly string[]
}

/** Conditions that must all hold; none of them selects everything. Sorted by key. */
export interface LabelSet {
  readonly requirements: readonly LabelRequirement[]
  /** Selects no object at all, whatever the requirements. */
  readonly nothing: boolean
}

export type Labels = Readonly<Record<string, string>>

/** Selects every object. */
export const EVERYTHING: LabelSet = Object.freeze({ requirements: [], nothing: false })
/** Selects no object. */
export const NOTHING: LabelSet = Object.freeze({ requirements: [], nothing: true })

/** A selector of these requirements. */
export function labelSet(requirements: readonly LabelRequirement[]): LabelSet {
  return { requirements: requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)), nothing: false }
}

/** A selector that demands exactly these labels, unchecked. */
export function labelSetOf(labels: Labels): LabelSet {
  return labelSet(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

/** Whether an object with these labels is selected. */
export function selects(selector: LabelSet, labels: Labels | undefined): boolean {
  if (selector.nothing) return false
  for (const requirement of selector.requirements) if (!holds(requirement, labels)) return false
  return true
}

function holds({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value)
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return compareIntegers(value, values[0], (a, b) => a > b)
    case 'lt':
      return compareIntegers(value, values[0], (a, b) => a < b)
  }
}

function compareIntegers(
  value: string | undefined,
  limit: string | undefined,
  compare: (a: bigint, b: bigint) => boolean,
): boolean {
  const a = parseInt64(value)
  const b = parseInt64(limit)
  return a !== undefined && b !== undefined && compare(a, b)
}

/** Go's strconv.ParseInt(text, 10, 64). */
function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,40}$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** The selector in its text form; what parses back to it. */
export function formatLabelSet({ requirements }: LabelSet): string {
  return requirements.map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = values.length > 1 ? values.toSorted().join(',') : (values[0] ?? '')
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`
    case 'gt':
      return `${key}>${list}`
    case 'lt':
      return `${key}<${list}`
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${list}`
  }
}

/** The one value that the selector demands of a label, if it does (RequiresExactMatch); for indexes. */
export function demandedLabel({ requirements }: LabelSet, key: string): string | undefined {
  const requirement = requirements.find((r) => r.key === key)
  if (!requirement || requirement.values.length !== 1) return undefined
  return ['=', '==', 'in'].includes(requirement.operator) ? requirement.values[0] : undefined
}

/** A checked requirement; throws ParseError with every finding (NewRequirement). */
export function labelRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const problems: string[] = []
  const keyProblems = isQualifiedName(key)
  if (keyProblems.length > 0) problems.push(`key: Invalid value: ${goQuote(key)}: ${keyProblems.join('; ')}`)
  problems.push(...valueCountProblems(operator, values))
  values.forEach((value, index) => {
    const found = isLabelValue(value)
    if (found.length > 0)
      problems.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${found.join('; ')}`)
  })
  if (problems.length > 0) throw new ParseError(aggregate(problems))
  return { key, operator, values }
}

function valueCountProblems(operator: LabelOperator, values: readonly string[]): string[] {
  const bad = (why: string): string[] => [`values: Invalid value: ${JSON.stringify(values)}: ${why}`]
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? bad("for 'in', 'notin' operators, values set can't be empty") : []
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : bad('exact-match compatibility requires one single value')
    case 'exists':
    case '!':
      return values.length === 0 ? [] : bad('values set must be empty for exists and does not exist')
    case 'gt':
    case 'lt':
      return [
        ...(values.length === 1 ? [] : bad("for 'Gt', 'Lt' operators, exactly one value is required")),
        ...values.flatMap((value, index) =>
          parseInt64(value) === undefined
            ? [
                `values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
              ]
            : [],
        ),
      ]
  }
}

/** Several messages as upstream's errors.Aggregate prints them. */
export function aggregate(messages: readonly string[]): string {
  const unique = [...new Set(messages)]
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`
}
