import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { dns1123Subdomain } from '../../checks.ts'
import type { FlowSchema, PolicyRulesWithSubjects } from '../../generated/types/flowcontrol/v1.ts'
import { MANDATORY_FLOW_SCHEMAS } from './mandatory.ts'
import { validateNonResourceRule, validateResourceRule } from './rules-validate.ts'
import { validateFlowSubject } from './subject-validate.ts'

const MAX_PRECEDENCE = 10_000
const METHODS = ['ByNamespace', 'ByUser']

/** ValidateFlowSchema. */
export function* validateFlowSchema(flowSchema: Frozen<FlowSchema>): Iterable<FieldError> {
  const { metadata, spec } = flowSchema
  yield* validatePrecedence(spec.matchingPrecedence ?? 0, metadata.name ?? '')
  const { distinguisherMethod: method } = spec
  if (method && !METHODS.includes(method.type)) {
    yield notSupported('spec.distinguisherMethod.type', { Type: method.type }, METHODS)
  }
  const { name } = spec.priorityLevelConfiguration
  if (name) yield* dns1123Subdomain('spec.priorityLevelConfiguration.name', name)
  else yield required('spec.priorityLevelConfiguration.name', 'must reference a priority level')
  for (const [index, rule] of (spec.rules ?? []).entries()) yield* validateRule(rule, `spec.rules[${index}]`)
  const fixed = MANDATORY_FLOW_SCHEMAS.get(metadata.name ?? '')
  if (fixed && !semanticEqual(spec, fixed)) {
    yield invalid('spec', spec, `spec of '${metadata.name ?? ''}' must equal the fixed value`)
  }
  yield* validateFlowStatus(flowSchema)
}

function* validatePrecedence(precedence: number, name: string): Iterable<FieldError> {
  const field = 'spec.matchingPrecedence'
  if (precedence <= 0) yield invalid(field, precedence, 'must be a positive value')
  if (precedence > MAX_PRECEDENCE) yield invalid(field, precedence, `must not be greater than ${MAX_PRECEDENCE}`)
  if (precedence === 1 && name !== 'exempt') {
    yield invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")
  }
}

function* validateRule(rule: Frozen<PolicyRulesWithSubjects>, path: string): Iterable<FieldError> {
  const { resourceRules = [], nonResourceRules = [] } = rule
  const subjects = rule.subjects ?? []
  if (subjects.length === 0) yield required(`${path}.subjects`, 'subjects must contain at least one value')
  for (const [index, subject] of subjects.entries()) {
    yield* validateFlowSubject(subject, `${path}.subjects[${index}]`)
  }
  if (resourceRules.length + nonResourceRules.length === 0) {
    yield required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')
  }
  for (const [index, one] of resourceRules.entries()) {
    yield* validateResourceRule(one, `${path}.resourceRules[${index}]`)
  }
  for (const [index, one] of nonResourceRules.entries()) {
    yield* validateNonResourceRule(one, `${path}.nonResourceRules[${index}]`)
  }
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type?: string }[] }
}

/** Conditions of a FlowSchema or a PriorityLevelConfiguration: of different types. */
export function* validateFlowStatus({ status }: Conditioned): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { type = '' }] of (status?.conditions ?? []).entries()) {
    const field = `status.conditions[${index}].type`
    if (seen.has(type)) yield duplicate(field, type)
    seen.add(type)
    if (!type) yield required(field)
  }
}
