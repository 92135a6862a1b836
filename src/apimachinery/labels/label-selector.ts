import { goQuote } from '../../lib/quote.ts'
import type { Frozen } from '../meta.ts'
import { ParseError } from '../parse-error.ts'
import { fieldForbidden, invalid, ratcheted, required } from '../status.ts'
import type { FieldError } from '../status.ts'
import { validateLabelName, validateLabels } from '../validation/meta.ts'
import { isLabelValue } from '../validation/names.ts'
import { EVERYTHING, formatLabelSet, labelRequirement, labelSet, NOTHING, selects } from './selector.ts'
import type { LabelOperator, Labels, LabelSet } from './selector.ts'

/** metav1.LabelSelectorRequirement. */
export interface LabelSelectorRequirement {
  key: string
  operator: string
  values?: string[]
}

/** metav1.LabelSelector: all of `matchLabels` and all of `matchExpressions` must hold. */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: LabelSelectorRequirement[]
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** LabelSelectorAsSelector: an absent selector selects nothing, an empty one everything. Throws ParseError. */
export function selectorOf(selector: Frozen<LabelSelector> | null | undefined): LabelSet {
  if (selector == null) return NOTHING
  const labels = Object.entries(selector.matchLabels ?? {})
  const expressions = selector.matchExpressions ?? []
  if (labels.length + expressions.length === 0) return EVERYTHING
  return labelSet([
    ...labels.map(([key, value]) => labelRequirement(key, '=', [value])),
    ...expressions.map(({ key, operator, values }) => {
      const op = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
      if (!op) throw new ParseError(`${goQuote(operator)} is not a valid label selector operator`)
      return labelRequirement(key, op, values ?? [])
    }),
  ])
}

/**
 * Whether an object with these labels is selected; false for a selector that is not valid. The parsed form is
 * remembered as long as the selector object lives, so do not change one that was matched with.
 */
export function matches(selector: Frozen<LabelSelector> | null | undefined, labels: Labels | undefined): boolean {
  return selector == null ? false : selects(parsed(selector), labels)
}

const remembered = new WeakMap<object, LabelSet>()

function parsed(selector: Frozen<LabelSelector>): LabelSet {
  let set = remembered.get(selector)
  if (!set) {
    try {
      set = selectorOf(selector)
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      set = NOTHING
    }
    remembered.set(selector, set)
  }
  return set
}

/** The selector as printed in tables: `<none>` when it selects everything or nothing, `<error>` when not valid. */
export function formatLabelSelector(selector: Frozen<LabelSelector> | null | undefined): string {
  try {
    return formatLabelSet(selectorOf(selector)) || '<none>'
  } catch (error) {
    if (error instanceof ParseError) return '<error>'
    throw error
  }
}

/** ValidateLabelSelector; `lenientValues` for stored objects whose values were never checked. */
export function validateLabelSelector(
  selector: Frozen<LabelSelector> | undefined,
  path: string,
  { lenientValues = false } = {},
): FieldError[] {
  if (!selector) return []
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((expression, index) =>
      validateExpression(expression, `${path}.matchExpressions[${index}]`, lenientValues),
    ),
  ]
}

/** The same, where values of labels that were invalid before may stay so; `rule` is what objects are against that have such values. */
export function validateSelectorRatcheted(
  rule: string,
  selector: Frozen<LabelSelector> | undefined,
  path: string,
): FieldError[] {
  const errors = validateLabelSelector(selector, path)
  if (errors.length === 0) return errors
  const others = new Set(validateLabelSelector(selector, path, { lenientValues: true }).map(({ field }) => field))
  return errors.flatMap((error) => (others.has(error.field) ? error : ratcheted(rule, [error])))
}

/** How a selector is validated that changes from `old`: values of labels that were invalid before may stay so. */
export const lenientAs = (old: Frozen<LabelSelector> | undefined): { readonly lenientValues: boolean } => ({
  lenientValues: validateLabelSelector(old, '').length > 0,
})

function validateExpression(
  { key, operator, values = [] }: Frozen<LabelSelectorRequirement>,
  path: string,
  lenientValues: boolean,
): FieldError[] {
  const problems: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      problems.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      problems.push(
        fieldForbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      )
  } else problems.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  problems.push(...validateLabelName(key, `${path}.key`))
  if (lenientValues) return problems
  values.forEach((value, index) => {
    for (const problem of isLabelValue(value)) problems.push(invalid(`${path}.values[${index}]`, value, problem))
  })
  return problems
}
