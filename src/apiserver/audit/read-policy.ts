import { DecodeError } from '../../apimachinery/codec/errors.ts'
import { decodeAnyYaml, decodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import { type FieldError, invalid, notSupported, required } from '../../apimachinery/status.ts'
import { isDns1123Subdomain } from '../../apimachinery/validation/names.ts'
import { isJsonObject } from '../../lib/json-value.ts'
import { aggregateMessage } from '../../apimachinery/aggregate.ts'
import { boolean, document, list, raw, string, struct } from '../config/shape.ts'
import { type GroupResources, LEVELS, type Policy, type PolicyRule, STAGES } from './policy.ts'

const RULE = struct('v1.PolicyRule', {
  level: string,
  users: list(string),
  userGroups: list(string),
  verbs: list(string),
  resources: list(struct('v1.GroupResources', { group: string, resources: list(string), resourceNames: list(string) })),
  namespaces: list(string),
  nonResourceURLs: list(string),
  omitStages: list(string),
  omitManagedFields: boolean,
})
const POLICY = document('v1.Policy', {
  metadata: raw,
  rules: list(RULE),
  omitStages: list(string),
  omitManagedFields: boolean,
})
const VERSION = 'audit.k8s.io/v1'
const SCHEME = 'pkg/runtime/scheme.go:111'

/** A policy as it was read, and what in it nobody knows: upstream warns of that and goes on. */
export interface ReadPolicy {
  readonly policy: Policy
  readonly warnings: readonly string[]
}

/** Reads an audit.k8s.io/v1 Policy, YAML or JSON. Throws a DecodeError in upstream's words for what is none, or says nothing. */
export function readPolicy(body: Uint8Array): ReadPolicy {
  checkKind(body)
  const { object, violations } = decoding(() => decodeYaml(POLICY, body, 'Warn'))
  const policy = object as unknown as Omit<Policy, 'rules'> & { readonly rules?: Policy['rules'] }
  const { rules = [] } = policy
  const errors = [...validate({ ...policy, rules })].map(({ field, message }) => `${field}: ${message}`)
  if (errors.length > 0) throw new DecodeError(aggregateMessage(errors))
  if (rules.length === 0) throw new DecodeError('loaded illegal policy with 0 rules')
  return { policy: { ...policy, rules }, warnings: violations }
}

function checkKind(body: Uint8Array): void {
  const { value } = decoding(() => decodeAnyYaml(body, 'Ignore'))
  const { apiVersion = '', kind = '' } = (isJsonObject(value) ? value : {}) as { apiVersion?: string; kind?: string }
  if (apiVersion === '' || kind === '') {
    // Upstream takes it for its own inner version, and refuses that.
    throw new DecodeError('unknown group version field audit.k8s.io/__internal, Kind=Policy in policy')
  }
  if (apiVersion !== VERSION || !KINDS.includes(kind)) {
    const [what, version] = [JSON.stringify(kind), JSON.stringify(apiVersion)]
    throw new DecodeError(
      `failed decoding: no kind ${what} is registered for version ${version} in scheme ${JSON.stringify(SCHEME)}`,
    )
  }
  if (kind !== 'Policy') {
    throw new DecodeError(`failed decoding: converting (v1.${kind}) to (audit.Policy): unknown conversion`)
  }
}

const KINDS = ['Policy', 'PolicyList', 'Event', 'EventList']

function decoding<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw error instanceof DecodeError ? new DecodeError(`failed decoding: ${error.message}`) : error
  }
}

function* validate({ rules, omitStages }: Policy): Iterable<FieldError> {
  yield* validateStages(omitStages, 'omitStages')
  for (const [index, rule] of rules.entries()) yield* validateRule(rule, `rules[${index}]`)
}

function* validateRule(rule: PolicyRule, path: string): Iterable<FieldError> {
  const { level, nonResourceURLs = [], resources = [], namespaces = [], omitStages } = rule
  if (!level) yield required(`${path}.level`)
  else if (!LEVELS.includes(level)) yield notSupported(`${path}.level`, level, LEVELS)
  for (const [index, url] of nonResourceURLs.entries()) yield* validateUrl(url, `${path}.nonResourceURLs[${index}]`)
  for (const one of resources) yield* validateResources(one, `${path}.resources`)
  yield* validateStages(omitStages, `${path}.omitStages`)
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    const text = 'rules cannot apply to both regular resources and non-resource URLs'
    yield invalid(`${path}.nonResourceURLs`, nonResourceURLs, text)
  }
}

function* validateUrl(url: string, path: string): Iterable<FieldError> {
  if (url === '*') return
  if (!url.startsWith('/')) yield invalid(path, url, "non-resource URL rules must begin with a '/' character")
  if (url.slice(0, -1).includes('*')) {
    yield invalid(path, url, "non-resource URL wildcards '*' must be the final character of the rule")
  }
}

function* validateResources(
  { group = '', resources = [], resourceNames = [] }: GroupResources,
  path: string,
): Iterable<FieldError> {
  const problems = group === '' || group === '*' ? [] : isDns1123Subdomain(group)
  if (problems.length > 0) yield invalid(`${path}.group`, group, problems.join(','))
  if (resourceNames.length > 0 && resources.length === 0) {
    yield invalid(`${path}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource')
  }
}

function* validateStages(stages: Policy['omitStages'] = [], path: string): Iterable<FieldError> {
  for (const [index, stage] of stages.entries()) {
    if (!STAGES.includes(stage)) yield invalid(`${path}[${index}]`, stage, `allowed stages are ${STAGES.join(',')}`)
  }
}
