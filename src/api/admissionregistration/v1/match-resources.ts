import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, notSupported, required } from '../../../apimachinery/status.ts'
import { isPathSegmentName } from '../../../apimachinery/validation/names.ts'
import { oneOf, problems, supported } from '../../checks.ts'
import type {
  MatchResources,
  NamedRuleWithOperations,
  ParamRef,
} from '../../generated/types/admissionregistration/v1.ts'
import { validateRule } from './rules.ts'

/** What a policy, or its binding, is for. */
export function* validateMatchResources(match: Frozen<MatchResources>, path: string): Iterable<FieldError> {
  if (match.matchPolicy === undefined) yield required(`${path}.matchPolicy`)
  else yield* supported(`${path}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact'])
  yield* validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`)
  yield* validateLabelSelector(match.objectSelector, `${path}.objectSelector`)
  yield* validateRules(match.resourceRules ?? [], `${path}.resourceRules`)
  yield* validateRules(match.excludeResourceRules ?? [], `${path}.excludeResourceRules`)
}

function* validateRules(rules: readonly Frozen<NamedRuleWithOperations>[], path: string): Iterable<FieldError> {
  for (const [index, rule] of rules.entries()) {
    const at = `${path}[${index}]`
    const { resourceNames: names = [] } = rule
    for (const [i, name] of names.entries()) {
      const field = `${at}.resourceNames[${i}]`
      yield* problems(field, name, isPathSegmentName(name))
      if (names.indexOf(name) < i) yield duplicate(field, name)
    }
    yield* validateRule(rule, at)
  }
}

const MUTABLE = ['*', 'CONNECT', 'CREATE', 'UPDATE']

/** A mutating policy cannot be for deletes. */
export function* validateMutableOperations(match: Frozen<MatchResources>, path: string): Iterable<FieldError> {
  for (const { operations = [] } of match.resourceRules ?? []) {
    for (const operation of operations) {
      if (!MUTABLE.includes(operation)) yield notSupported(`${path}.resourceRules.operations`, operation, MUTABLE)
    }
  }
}

/** Which object gives a binding's parameters. */
export function* validateParamRef(ref: Frozen<ParamRef>, path: string): Iterable<FieldError> {
  const { name, selector, parameterNotFoundAction: action } = ref
  const exclusive = 'name and selector are mutually exclusive'
  if (name) {
    yield* problems(`${path}.name`, name, isPathSegmentName(name))
    if (selector) yield fieldForbidden(`${path}.name`, exclusive)
  }
  if (selector) {
    yield* validateLabelSelector(selector, `${path}.selector`)
    if (name) yield fieldForbidden(`${path}.selector`, exclusive)
  }
  if (!name && !selector) yield required(path, 'one of name or selector must be specified')
  yield* oneOf(`${path}.parameterNotFoundAction`, action, ['Deny', 'Allow'])
}
