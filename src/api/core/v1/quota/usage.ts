import { isPodTerminal } from '../pod-conditions.ts'
import type { Frozen, KubeObject } from '../../../../apimachinery/meta.ts'
import type { PersistentVolumeClaim, Pod, ResourceList, Service } from '../../../generated/types/core/v1.ts'
import type { ExactDeviceRequest, ResourceClaim } from '../../../generated/types/resource/v1.ts'
import { podLimits, podRequests } from '../pod-resources.ts'
import { compareAmounts } from '../resource-list.ts'
import { STORAGE_CLASS_ANNOTATION } from '../storage-class-annotation.ts'
import { isExtendedResource, isHugePage } from '../resource-names.ts'

/** A resource as quotas name it: `pods`, or `deployments.apps`. */
export function quotaResourceName({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return group ? `${plural}.${group}` : plural
}

/** Counted under their plain names too. */
const COUNTED_BY_NAME: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** What an object of `resource` uses of the resources that quotas can limit. A pod that has ended uses none but its own count as an object. */
export function quotaUsage(resource: string, object: Frozen<KubeObject>, now: number): ResourceList {
  const counted: ResourceList = { [`count/${resource}`]: 1 }
  switch (resource) {
    case 'pods':
      return { ...counted, ...(usesResources(object as Frozen<Pod>, now) ? podUsage(object as Frozen<Pod>) : {}) }
    case 'services':
      return { ...counted, services: 1, ...serviceUsage(object as Frozen<Service>) }
    case 'persistentvolumeclaims':
      return { ...counted, ...claimUsage(object as Frozen<PersistentVolumeClaim>) }
    case RESOURCE_CLAIMS:
      return { ...counted, ...deviceUsage(object as Frozen<ResourceClaim>) }
    default:
      return COUNTED_BY_NAME.has(resource) ? { ...counted, [resource]: 1 } : counted
  }
}

/** Whether the pod holds anything: it hasn't ended, and its time to end isn't long over. */
function usesResources(pod: Frozen<Pod>, now: number): boolean {
  return !isPodTerminal(pod) && !hasOverstayed(pod, now)
}

/** Whether the pod's time to end is over: it is counted no longer, though it is still there. */
export function hasOverstayed({ metadata }: Frozen<Pod>, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function podUsage(pod: Frozen<Pod>): ResourceList {
  const usage: ResourceList = { pods: 1 }
  for (const [name, value] of Object.entries(podRequests(pod))) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage[name] = value
    if (isHugePage(name)) usage[name] = value
    if (
      name === 'cpu' ||
      name === 'memory' ||
      name === 'ephemeral-storage' ||
      isHugePage(name) ||
      isExtendedResource(name)
    )
      usage[`requests.${name}`] = value
  }
  for (const [name, value] of Object.entries(podLimits(pod)))
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage[`limits.${name}`] = value
  return usage
}

function serviceUsage({ spec }: Frozen<Service>): ResourceList {
  const ports = spec?.ports ?? []
  if (spec?.type === 'NodePort') return { 'services.nodeports': ports.length, 'services.loadbalancers': 0 }
  if (spec?.type !== 'LoadBalancer') return { 'services.nodeports': 0, 'services.loadbalancers': 0 }
  const nodePorts = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports
  return { 'services.nodeports': nodePorts.length, 'services.loadbalancers': 1 }
}

function claimUsage({ metadata, spec, status }: Frozen<PersistentVolumeClaim>): ResourceList {
  const usage: ResourceList = { persistentvolumeclaims: 1 }
  const asked = spec.resources?.requests?.['storage']
  const given = status?.allocatedResources?.['storage']
  const storage = asked !== undefined && given !== undefined && compareAmounts(given, asked) > 0 ? given : asked
  const className = metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName
  if (className) usage[`${className}.storageclass.storage.k8s.io/persistentvolumeclaims`] = 1
  if (storage === undefined) return usage
  usage['requests.storage'] = storage
  if (className) usage[`${className}.storageclass.storage.k8s.io/requests.storage`] = storage
  return usage
}

const RESOURCE_CLAIMS = 'resourceclaims.resource.k8s.io'
const PER_DEVICE_CLASS = '.deviceclass.resource.k8s.io/devices'
/** The most that a claim for all devices may get. */
const ALL_DEVICES = 32

type DeviceRequest = Pick<ExactDeviceRequest, 'deviceClassName' | 'allocationMode' | 'count'>

/** Devices by their class; of alternatives the most of each. */
function deviceUsage({ spec }: Frozen<ResourceClaim>): ResourceList {
  const usage: Record<string, number> = {}
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most: Record<string, number> = {}
    for (const one of exactly ? [exactly] : firstAvailable) {
      const name = `${one.deviceClassName}${PER_DEVICE_CLASS}`
      most[name] = Math.max(most[name] ?? 0, devicesOf(one))
    }
    for (const [name, count] of Object.entries(most)) usage[name] = (usage[name] ?? 0) + count
  }
  return usage
}

function devicesOf({ allocationMode, count = 0 }: Frozen<DeviceRequest>): number {
  if (allocationMode === 'All') return ALL_DEVICES
  return allocationMode === 'ExactCount' ? count : 0
}

/** The resource whose objects use what a quota calls `name`: `pods` for `requests.cpu`, `deployments.apps` for `count/deployments.apps`. */
export function resourceOfQuotaName(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length)
  if (name === 'services' || name.startsWith('services.')) return 'services'
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')) return 'persistentvolumeclaims'
  if (name.endsWith(PER_DEVICE_CLASS)) return RESOURCE_CLAIMS
  if (COUNTED_BY_NAME.has(name)) return name
  const bare = name.replace(/^(requests|limits)\./, '')
  const isCompute =
    ['cpu', 'memory', 'ephemeral-storage'].includes(bare) || isHugePage(bare) || isExtendedResource(bare)
  return isCompute ? 'pods' : undefined
}
