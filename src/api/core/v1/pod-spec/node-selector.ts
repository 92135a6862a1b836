import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, ratcheted, required } from '../../../../apimachinery/status.ts'
import { validateLabelName } from '../../../../apimachinery/validation/meta.ts'
import { isLabelValue, nameIsDnsSubdomain } from '../../../../apimachinery/validation/names.ts'
import { problems } from '../../../checks.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../../../generated/types/core/v1.ts'

/** ValidateNodeSelector. */
export function* validateNodeSelector(selector: Frozen<NodeSelector>, path: string): Iterable<FieldError> {
  const nodeSelectorTerms = selector.nodeSelectorTerms ?? []
  const field = `${path}.nodeSelectorTerms`
  if (nodeSelectorTerms.length === 0) yield required(field, 'must have at least one node selector term')
  for (const [index, term] of nodeSelectorTerms.entries()) {
    yield* validateNodeSelectorTerm(term, `${field}[${index}]`, true)
  }
}

/** ValidateNodeSelectorTerm; values of preferred terms are not checked. */
export function* validateNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: Frozen<NodeSelectorTerm>,
  path: string,
  checkValues: boolean,
): Iterable<FieldError> {
  for (const [index, requirement] of matchExpressions.entries()) {
    yield* validateExpression(requirement, `${path}.matchExpressions[${index}]`, checkValues)
  }
  for (const [index, requirement] of matchFields.entries()) {
    yield* validateFieldRequirement(requirement, `${path}.matchFields[${index}]`)
  }
}

function* validateExpression(
  { key, operator, values = [] }: Frozen<NodeSelectorRequirement>,
  path: string,
  checkValues: boolean,
): Iterable<FieldError> {
  const field = `${path}.values`
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) yield required(field, "must be specified when `operator` is 'In' or 'NotIn'")
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        yield fieldForbidden(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
      }
      break
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        yield required(field, "must be specified single value when `operator` is 'Lt' or 'Gt'")
      }
      break
    default:
      yield invalid(`${path}.operator`, operator, 'not a valid selector operator')
  }
  yield* validateLabelName(key, `${path}.key`)
  if (!checkValues) return
  for (const [index, value] of values.entries())
    yield* ratcheted('values of node affinity', problems(`${field}[${index}]`, value, isLabelValue(value)))
}

function* validateFieldRequirement(
  { key, operator, values = [] }: Frozen<NodeSelectorRequirement>,
  path: string,
): Iterable<FieldError> {
  if (operator !== 'In' && operator !== 'NotIn') {
    yield invalid(`${path}.operator`, operator, 'not a valid selector operator')
  } else if (values.length !== 1) {
    const text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    yield required(`${path}.values`, text)
  }
  if (key !== 'metadata.name') return yield invalid(`${path}.key`, key, 'not a valid field selector key')
  for (const [index, value] of values.entries()) {
    yield* problems(`${path}.values[${index}]`, value, nameIsDnsSubdomain(value, false))
  }
}
