import type { Frozen, KubeObject } from '../../../../apimachinery/meta.ts'
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../../generated/types/core/v1.ts'
import { qosClass } from '../pod-qos.ts'

type Requirement = Frozen<ScopedResourceSelectorRequirement>

/** Whether a quota with these scopes is about this object of `resource`. A quota without scopes is about every one. */
export function matchesQuotaScopes(
  { scopes = [], scopeSelector }: Frozen<ResourceQuotaSpec>,
  resource: string,
  object: Frozen<KubeObject>,
): boolean {
  return scopesOf({ scopes, scopeSelector }).every((requirement) => matchesScope(requirement, resource, object))
}

/** All that a quota demands of what it is about. */
export function scopesOf({ scopes = [], scopeSelector }: Frozen<ResourceQuotaSpec>): Requirement[] {
  return [
    ...scopes.map((scopeName): Requirement => ({ scopeName, operator: 'Exists' })),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
}

/** Whether the object is of the scope; objects of most resources are of none. */
export function matchesScope(requirement: Requirement, resource: string, object: Frozen<KubeObject>): boolean {
  if (requirement.scopeName === 'VolumeAttributesClass')
    return resource === 'persistentvolumeclaims' && matchesClaim(requirement, object as Frozen<PersistentVolumeClaim>)
  return resource === 'pods' && matchesPod(requirement, object as Frozen<Pod>)
}

function matchesPod(requirement: Requirement, pod: Frozen<Pod>): boolean {
  const { activeDeadlineSeconds, priorityClassName, affinity } = pod.spec
  switch (requirement.scopeName) {
    case 'Terminating':
      return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0
    case 'NotTerminating':
      return activeDeadlineSeconds === undefined
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'PriorityClass':
      return matchesValues(requirement, priorityClassName)
    case 'CrossNamespacePodAffinity':
      return [affinity?.podAffinity, affinity?.podAntiAffinity].some(reachesOtherNamespaces)
    default:
      return false
  }
}

function matchesValues({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined && value !== ''
    case 'DoesNotExist':
      return value === undefined || value === ''
    default:
      return false
  }
}

/** A claim may be of several classes for a while: of those that it has, gets and should have. */
function matchesClaim(requirement: Requirement, { spec, status }: Frozen<PersistentVolumeClaim>): boolean {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter(Boolean)
  return names.length > 0
    ? names.some((name) => matchesValues(requirement, name))
    : matchesValues(requirement, undefined)
}

interface Affinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly Term[]
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly podAffinityTerm: Term }[]
}
interface Term {
  readonly namespaces?: readonly string[]
  readonly namespaceSelector?: unknown
}

function reachesOtherNamespaces(affinity: Affinity | undefined): boolean {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return [...required, ...preferred.map((term) => term.podAffinityTerm)].some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  )
}
