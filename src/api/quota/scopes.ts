import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { qosClass } from '../core/v1/pod-qos.ts'
import type {
  Affinity,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '../generated/types/core/v1.ts'

type Requirement = Frozen<Omit<ScopedResourceSelectorRequirement, 'scopeName' | 'operator'>> & {
  readonly scopeName?: string
  readonly operator?: string
}

/** Whether the quota's scopes, if it has any, all include the object of `resource`. */
export function inScopes({ spec }: Frozen<ResourceQuota>, resource: string, object: Frozen<KubeObject>): boolean {
  const requirements: readonly Requirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ]
  if (requirements.length === 0) return true
  if (resource === 'pods') return requirements.every((one) => podInScope(one, object as Frozen<Pod>))
  if (resource === 'persistentvolumeclaims')
    return requirements.every((one) => claimInScope(one, object as Frozen<PersistentVolumeClaim>))
  return false
}

function podInScope(requirement: Requirement, pod: Frozen<Pod>): boolean {
  const seconds = pod.spec.activeDeadlineSeconds
  switch (requirement.scopeName) {
    case 'Terminating':
      return seconds !== undefined && seconds >= 0
    case 'NotTerminating':
      return !(seconds !== undefined && seconds >= 0)
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'PriorityClass':
      return selected(requirement, pod.spec.priorityClassName)
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(pod.spec.affinity)
    default:
      return false
  }
}

function claimInScope(requirement: Requirement, { spec, status }: Frozen<PersistentVolumeClaim>): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter(Boolean)
  return names.length > 0 ? names.some((name) => selected(requirement, name)) : selected(requirement, undefined)
}

function selected({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'Exists':
      return Boolean(value)
    case 'DoesNotExist':
      return !value
    case 'In':
      return value !== undefined && (values ?? []).includes(value)
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value)
    default:
      return false
  }
}

function looksAcrossNamespaces(affinity: Frozen<Affinity> | undefined): boolean {
  const kinds = [affinity?.podAffinity, affinity?.podAntiAffinity]
  const terms = kinds.flatMap((kind) => [
    ...(kind?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(kind?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
  return terms.some((term) => (term?.namespaces ?? []).length > 0 || term?.namespaceSelector !== undefined)
}
