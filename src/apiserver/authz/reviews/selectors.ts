import type { ResourceAttributes } from '../../../api/generated/types/authorization/v1.ts'
import {
  type FieldRequirement,
  formatFieldSelector,
  parseFieldSelector,
} from '../../../apimachinery/fields/selector.ts'
import { parseLabelSelector } from '../../../apimachinery/labels/parse.ts'
import {
  formatLabelSet,
  type LabelRequirement,
  labelRequirement,
  labelSet,
} from '../../../apimachinery/labels/selector.ts'
import { ParseError } from '../../../apimachinery/parse-error.ts'
import type { AuthorizationAttributes } from '../types.ts'

/** The selectors of a review as a request would bring them, and what of them could not be understood. */
export interface ReviewSelectors {
  readonly selectors: Pick<AuthorizationAttributes, 'fieldSelector' | 'labelSelector'>
  readonly problems: readonly string[]
}

type Requirement = NonNullable<NonNullable<ResourceAttributes['fieldSelector']>['requirements']>[number]
type Given = { readonly rawSelector?: string; readonly requirements?: readonly Requirement[] } | undefined

/**
 * Reads the selectors of a review's resourceAttributes. What is not understood is left out, so that more is asked for than the client wants:
 * the answer errs on the side of refusing (upstream's ResourceAttributesFrom).
 */
export function reviewSelectors({ fieldSelector, labelSelector }: ResourceAttributes): ReviewSelectors {
  const fields = read(fieldSelector, normalField, fieldOf, formatFieldSelector)
  const labels = read(labelSelector, normalLabels, labelOf, (list) => formatLabelSet(labelSet(list)))
  return {
    selectors: {
      ...(fields.text && { fieldSelector: fields.text }),
      ...(labels.text && { labelSelector: labels.text }),
    },
    problems: [...problem('fieldSelector', fields), ...problem('labelSelector', labels)],
  }
}

interface Read {
  readonly text: string
  readonly failed: boolean
}

function read<R>(
  given: Given,
  normal: (raw: string) => string,
  requirementOf: (one: Requirement) => R | undefined,
  format: (requirements: readonly R[]) => string,
): Read {
  const { rawSelector, requirements = [] } = given ?? {}
  if (requirements.length > 0) {
    const understood = requirements.map(requirementOf).filter((one) => one !== undefined)
    return { text: format(understood), failed: understood.length < requirements.length }
  }
  if (!rawSelector) return { text: '', failed: false }
  const text = unlessBroken(() => normal(rawSelector))
  return { text: text ?? '', failed: text === undefined }
}

function problem(field: 'fieldSelector' | 'labelSelector', { text, failed }: Read): string[] {
  if (!failed) return []
  return [`spec.resourceAttributes.${field} ${text ? 'partially ignored' : 'ignored'} due to parse error`]
}

const normalField = (raw: string): string => formatFieldSelector(parseFieldSelector(raw))
const normalLabels = (raw: string): string => formatLabelSet(parseLabelSelector(raw))

/** Fields know only equal and not equal, of one value. */
function fieldOf({ key, operator, values = [] }: Requirement): FieldRequirement | undefined {
  const [value] = values ?? []
  if (value === undefined || values?.length !== 1) return undefined
  if (operator === 'In') return { field: key, operator: '=', value }
  return operator === 'NotIn' ? { field: key, operator: '!=', value } : undefined
}

const LABEL_OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const

function labelOf({ key, operator, values }: Requirement): LabelRequirement | undefined {
  const known = Object.entries(LABEL_OPERATORS).find(([name]) => name === operator)
  return known && unlessBroken(() => labelRequirement(key, known[1], values ?? []))
}

function unlessBroken<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}
