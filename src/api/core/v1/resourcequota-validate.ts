import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { internalForm } from '../../internal-form.ts'
import { IMMUTABLE } from '../../checks.ts'
import type { ResourceList, ResourceQuota, ScopedResourceSelectorRequirement } from '../../generated/types/core/v1.ts'
import { validateQuantityValue, validateResourceName } from './pod-spec/resources.ts'
import { isStandardResource } from './resource-names.ts'

const PODS = new Set(['pods'])
const COMPUTE = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'])
const CLAIMS = new Set(['persistentvolumeclaims', 'requests.storage'])

/** Scopes, and the resources each may limit. */
const SCOPES: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: COMPUTE,
  NotTerminating: COMPUTE,
  BestEffort: PODS,
  NotBestEffort: COMPUTE,
  PriorityClass: COMPUTE,
  CrossNamespacePodAffinity: COMPUTE,
  VolumeAttributesClass: CLAIMS,
}
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['NotTerminating', 'Terminating'],
] as const

/** A resource that quotas track: any standard one but bare storage. */
const isQuotaResource = (name: string): boolean => isStandardResource(name) && name !== 'storage'

const SELECTOR = 'io.k8s.api.core.v1.ScopeSelector'

/** ValidateResourceQuota. */
export function* validateQuota({ spec }: Frozen<ResourceQuota>): Iterable<FieldError> {
  yield* validateHard(spec.hard, 'spec.hard')
  const limited = Object.keys(spec.hard ?? {})
    .filter(isQuotaResource)
    .sort()
  const scopes = spec.scopes ?? []
  for (const scope of scopes) {
    if (!(scope in SCOPES)) yield invalid('spec.scopes', scopes, 'unsupported scope')
    for (const name of limited) {
      if (SCOPES[scope] && !SCOPES[scope].has(name)) {
        yield invalid('spec.scopes', scopes, 'unsupported scope applied to resource')
      }
    }
  }
  yield* validateConflicts(scopes, scopes, 'spec.scopes')
  if (!spec.scopeSelector) return
  const path = 'spec.scopeSelector.matchExpressions'
  const expressions = spec.scopeSelector.matchExpressions ?? []
  for (const requirement of expressions) {
    const { scopeName } = requirement
    if (!(scopeName in SCOPES)) yield invalid(`${path}.scopeName`, scopeName, 'unsupported scope')
    for (const name of limited) {
      if (SCOPES[scopeName] && !SCOPES[scopeName].has(name)) {
        yield invalid(path, internalForm(SELECTOR, spec.scopeSelector), 'unsupported scope applied to resource')
      }
    }
    yield* validateRequirement(requirement, path)
  }
  const names = expressions.map(({ scopeName }) => scopeName)
  yield* validateConflicts(names, spec.scopes, path)
}

function* validateHard(list: Frozen<ResourceList> | undefined, path: string): Iterable<FieldError> {
  for (const [name, value] of Object.entries(list ?? {})) {
    const field = `${path}[${name}]`
    yield* validateResourceName(field, name)
    if (!name.includes('/') && !isQuotaResource(name)) {
      yield invalid(field, name, 'must be a standard resource for quota')
    }
    yield* validateQuantityValue(field, name, value)
  }
}

function* validateConflicts(scopes: readonly string[], shown: unknown, field: string): Iterable<FieldError> {
  for (const [one, other] of CONFLICTS) {
    if (scopes.includes(one) && scopes.includes(other)) yield invalid(field, shown, 'conflicting scopes')
  }
}

const EXIST_ONLY = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
])

function* validateRequirement(
  { scopeName, operator, values = [] }: Frozen<ScopedResourceSelectorRequirement>,
  path: string,
): Iterable<FieldError> {
  if (EXIST_ONLY.has(scopeName) && operator !== 'Exists') {
    const text =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
    yield invalid(`${path}.operator`, operator, text)
  }
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        const text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        yield required(`${path}.values`, text)
      }
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        yield invalid(`${path}.values`, values, text)
      }
      break
    default:
      yield invalid(`${path}.operator`, operator, 'not a valid selector operator')
  }
}

/** The scopes of a quota never change. */
export function* validateQuotaUpdate(
  { spec }: Frozen<ResourceQuota>,
  old: Frozen<ResourceQuota>,
): Iterable<FieldError> {
  const now = new Set<string>(spec?.scopes)
  const before = new Set<string>(old.spec?.scopes)
  if (now.symmetricDifference(before).size > 0) yield invalid('spec.scopes', spec?.scopes ?? null, IMMUTABLE)
}

/** ValidateResourceQuotaStatusUpdate. */
export function* validateQuotaStatus({ status }: Frozen<ResourceQuota>): Iterable<FieldError> {
  yield* validateHard(status?.hard, 'status.hard')
  yield* validateHard(status?.used, 'status.used')
}
