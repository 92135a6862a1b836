import { formatDurationNanos, parseDurationNanos } from '../../../apimachinery/duration/duration.ts'
import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../../../apimachinery/status.ts'
import { isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { compileMatchCondition } from '../webhook/match-conditions.ts'
import type { WrittenAuthorizer, WrittenConfiguration, WrittenWebhook } from './schema.ts'
import { MODES } from './types.ts'

/** What is wrong with a file that a configuration names, in upstream's words; undefined when nothing is. */
export type FileProblem = (path: string) => string | undefined

const MAX_CONDITIONS = 64
const MAX_TIMEOUT = 30_000_000_000n

/** ValidateAuthorizationConfiguration, of what has its defaults. */
export function* validateConfiguration(
  { authorizers = [] }: WrittenConfiguration,
  fileProblem: FileProblem,
): Iterable<FieldError> {
  if (authorizers.length === 0) yield required('authorizers', 'at least one authorization mode must be defined')
  const types = new Set<string>()
  const names = new Set<string>()
  for (const [index, authorizer] of authorizers.entries()) {
    const at = `authorizers[${index}]`
    const { type = '', name = '' } = authorizer
    if (type === '') yield required(`${at}.type`)
    else if (!(MODES as readonly string[]).includes(type)) yield notSupported(`${at}.type`, type, MODES.toSorted())
    else if (types.has(type) && type !== 'Webhook') yield duplicate(`${at}.type`, type)
    else {
      types.add(type)
      yield* validateName(name, names, `${at}.name`)
      names.add(name)
      yield* validateSettings(authorizer, fileProblem, at)
    }
  }
}

function* validateName(name: string, taken: ReadonlySet<string>, field: string): Iterable<FieldError> {
  if (name === '') return yield required(field)
  if (taken.has(name)) return yield duplicate(field, name)
  const problems = isDns1123Subdomain(name)
  if (problems.length > 0) yield invalid(field, name, `authorizer name is invalid: ${problems.join(', ')}`)
}

function* validateSettings(
  { type, webhook }: WrittenAuthorizer,
  fileProblem: FileProblem,
  at: string,
): Iterable<FieldError> {
  if (type === 'Webhook') {
    if (webhook) yield* validateWebhook(webhook, fileProblem, at)
    else yield required(`${at}.webhook`, 'required when type=Webhook')
  } else if (webhook) yield invalid(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook')
}

function* validateWebhook(webhook: WrittenWebhook, fileProblem: FileProblem, at: string): Iterable<FieldError> {
  const timeout = parseDurationNanos(webhook.timeout ?? '0s')
  if (timeout === 0n) yield required(`${at}.timeout`)
  else if (timeout < 0n || timeout > MAX_TIMEOUT)
    yield invalid(`${at}.timeout`, formatDurationNanos(timeout), 'must be > 0s and <= 30s')
  for (const field of ['authorizedTTL', 'unauthorizedTTL'] as const) {
    const ttl = parseDurationNanos(webhook[field] ?? '0s')
    if (ttl < 0n) yield invalid(`${at}.${field}`, formatDurationNanos(ttl), 'must be > 0s')
  }
  yield* oneOf(webhook.subjectAccessReviewVersion, ['v1', 'v1beta1'], `${at}.subjectAccessReviewVersion`)
  yield* validateConditionVersion(webhook, `${at}.matchConditionSubjectAccessReviewVersion`)
  yield* oneOf(webhook.failurePolicy, ['NoOpinion', 'Deny'], `${at}.failurePolicy`)
  yield* validateConnection(webhook.connectionInfo ?? {}, fileProblem, `${at}.connectionInfo`)
  yield* validateConditions(webhook.matchConditions ?? [], `${at}.matchConditions`)
}

function* oneOf(value: string | undefined, allowed: readonly string[], field: string): Iterable<FieldError> {
  if (!value) yield required(field)
  else if (!allowed.includes(value)) yield notSupported(field, value, allowed)
}

function* validateConditionVersion(
  { matchConditionSubjectAccessReviewVersion: version, matchConditions = [] }: WrittenWebhook,
  field: string,
): Iterable<FieldError> {
  if (version) yield* oneOf(version, ['v1'], field)
  else if (matchConditions.length > 0) yield required(field, 'required if match conditions are specified')
}

function* validateConnection(
  { type, kubeConfigFile }: NonNullable<WrittenWebhook['connectionInfo']>,
  fileProblem: FileProblem,
  at: string,
): Iterable<FieldError> {
  const field = `${at}.kubeConfigFile`
  if (!type) yield required(`${at}.type`)
  else if (type === 'InClusterConfig') {
    if (kubeConfigFile !== undefined) yield invalid(field, kubeConfigFile, 'can only be set when type=KubeConfigFile')
  } else if (type !== 'KubeConfigFile') {
    // Upstream shows the whole of it.
    const shown = { Type: type, KubeConfigFile: kubeConfigFile ?? null }
    yield notSupported(`${at}.type`, shown, ['InClusterConfig', 'KubeConfigFile'])
  } else if (!kubeConfigFile) yield required(field)
  else if (!kubeConfigFile.startsWith('/')) yield invalid(field, kubeConfigFile, 'must be an absolute path')
  else {
    const problem = fileProblem(kubeConfigFile)
    if (problem !== undefined) yield invalid(field, kubeConfigFile, problem)
  }
}

function* validateConditions(
  conditions: NonNullable<WrittenWebhook['matchConditions']>,
  at: string,
): Iterable<FieldError> {
  if (conditions.length > MAX_CONDITIONS) return yield tooMany(at, conditions.length, MAX_CONDITIONS)
  const seen = new Set<string>()
  for (const [index, { expression = '' }] of conditions.entries()) {
    const field = `${at}[${index}].expression`
    if (expression.trim() === '') yield required(field)
    else if (seen.has(expression)) yield duplicate(field, expression)
    else {
      seen.add(expression)
      const compiled = compileMatchCondition(expression)
      if (!compiled.ok)
        yield* compiled.internal ? [internal(field, compiled.problem)] : [invalid(field, expression, compiled.problem)]
    }
  }
}

const internal = (field: string, problem: string): FieldError => ({
  type: 'InternalError',
  field,
  message: `Internal error: ${problem}`,
})
