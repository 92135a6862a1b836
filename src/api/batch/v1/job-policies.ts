import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../apimachinery/status.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { invalidOmitted, nonNegative, qualifiedName } from '../../checks.ts'
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../../generated/types/batch/v1.ts'
import { countIndexes } from './job-indexes.ts'

const MAX_RULES = 20
const MAX_EXIT_CODES = 255
const MAX_INDEXES_BYTES = 64 * 1024
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']

const validValues = (values: readonly string[]): string => `valid values: [${values.map((v) => `"${v}"`).join(' ')}]`

/** validatePodFailurePolicy. */
export function* validateFailurePolicy(spec: Frozen<JobSpec>, path: string): Iterable<FieldError> {
  const rules = spec.podFailurePolicy?.rules ?? []
  if (rules.length > MAX_RULES) yield tooMany(`${path}.rules`, rules.length, MAX_RULES)
  const { containers, initContainers } = spec.template.spec
  const names = new Set([...(containers ?? []), ...(initContainers ?? [])].map(({ name }) => name))
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`
    const { action, onExitCodes, onPodConditions = [] } = rule
    if (!action) yield required(`${at}.action`, validValues(ACTIONS))
    else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
      yield invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set')
    } else if (!ACTIONS.includes(action)) yield notSupported(`${at}.action`, action, ACTIONS)
    if (onExitCodes) yield* validateExitCodes(onExitCodes, names, `${at}.onExitCodes`)
    yield* validatePodConditions(rule, `${at}.onPodConditions`)
    if (onExitCodes && onPodConditions.length > 0) {
      yield invalidOmitted(at, 'specifying both OnExitCodes and OnPodConditions is not supported')
    }
    if (!onExitCodes && onPodConditions.length === 0) {
      yield invalidOmitted(at, 'specifying one of OnExitCodes and OnPodConditions is required')
    }
  }
}

function* validatePodConditions(
  { onPodConditions = [] }: Frozen<PodFailurePolicyRule>,
  path: string,
): Iterable<FieldError> {
  if (onPodConditions.length > MAX_RULES) yield tooMany(path, onPodConditions.length, MAX_RULES)
  for (const [index, { type, status }] of onPodConditions.entries()) {
    const at = `${path}[${index}]`
    yield* qualifiedName(`${at}.type`, type)
    if (!status) yield required(`${at}.status`, validValues(STATUSES))
    else if (!STATUSES.includes(status)) yield notSupported(`${at}.status`, status, STATUSES)
  }
}

function* validateExitCodes(
  requirement: Frozen<PodFailurePolicyOnExitCodesRequirement>,
  containers: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  const { operator, containerName } = requirement
  const values = requirement.values ?? []
  if (!operator) yield required(`${path}.operator`, validValues(OPERATORS))
  else if (!OPERATORS.includes(operator)) yield notSupported(`${path}.operator`, operator, OPERATORS)
  if (containerName !== undefined && !containers.has(containerName)) {
    const text = 'must be one of the container or initContainer names in the pod template'
    yield invalid(`${path}.containerName`, containerName, text)
  }
  const field = `${path}.values`
  if (values.length === 0) yield invalid(field, requirement.values, 'at least one value is required')
  else if (values.length > MAX_EXIT_CODES) yield tooMany(field, values.length, MAX_EXIT_CODES)
  for (const [index, code] of values.entries()) {
    if (operator === 'In' && code === 0) yield invalid(`${field}[${index}]`, code, 'must not be 0 for the In operator')
    if (values.indexOf(code) < index) yield duplicate(`${field}[${index}]`, code)
  }
  if (values.some((code, index) => index > 0 && (values[index - 1] ?? 0) > code)) {
    yield invalid(field, values, 'must be ordered')
  }
}

/** validateSuccessPolicy, of an indexed Job. */
export function* validateSuccessPolicy(spec: Frozen<JobSpec>, path: string): Iterable<FieldError> {
  const rules = spec.successPolicy?.rules ?? []
  if (rules.length === 0) {
    yield required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified')
  }
  if (rules.length > MAX_RULES) yield tooMany(`${path}.rules`, rules.length, MAX_RULES)
  for (const [index, rule] of rules.entries()) {
    yield* validateSuccessRule(rule, spec.completions ?? 0, `${path}.rules[${index}]`)
  }
}

function* validateSuccessRule(
  { succeededCount, succeededIndexes }: Frozen<SuccessPolicyRule>,
  completions: number,
  path: string,
): Iterable<FieldError> {
  if (succeededCount === undefined && succeededIndexes === undefined) {
    yield required(path, 'at least one of succeededCount or succeededIndexes must be specified')
  }
  let total = 0
  if (succeededIndexes !== undefined) {
    const field = `${path}.succeededIndexes`
    if (byteLength(succeededIndexes) > MAX_INDEXES_BYTES) yield tooLong(field, MAX_INDEXES_BYTES)
    const counted = countIndexes(succeededIndexes, completions)
    if (typeof counted === 'number') total = counted
    else yield invalid(field, succeededIndexes, `error parsing succeededIndexes: ${counted.problem}`)
  }
  if (succeededCount === undefined) return
  const field = `${path}.succeededCount`
  yield* nonNegative(field, succeededCount)
  const atMost = (max: number, what: string): FieldError =>
    invalid(field, succeededCount, `must be less than or equal to ${max} (the number of ${what})`)
  if (succeededCount > completions) yield atMost(completions, 'specified completions')
  if (succeededIndexes !== undefined && succeededCount > total) {
    yield atMost(total, 'indexes in the specified succeededIndexes field')
  }
}
