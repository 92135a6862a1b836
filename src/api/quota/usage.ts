import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { podLimits, podRequests } from '../core/v1/pod-resources.ts'
import { isExtendedResource, isHugePage } from '../core/v1/resource-names.ts'
import type { PersistentVolumeClaim, Pod, ResourceList, Service } from '../generated/types/core/v1.ts'

/** How one resource is measured. */
export interface Measure {
  /** What the object uses, by the names of quotas. */
  usage(object: Frozen<KubeObject>): ResourceList
  /** Whether a name of a quota can be about this resource. */
  concerns(name: string): boolean
}

const CLASS_SUFFIX = '.storageclass.storage.k8s.io/'
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'] as const

/** Names of core resources that are counted under their plural too, as they were before `count/`. */
const COUNTED_BY_PLURAL: ReadonlySet<string> = new Set([
  'configmaps',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
])

/** How objects of a resource (`plural.group`, or the plural alone in the core group) are measured. */
export function measureOf(resource: string): Measure {
  const count = `count/${resource}`
  switch (resource) {
    case 'pods':
      return { usage: (object) => ({ [count]: '1', ...podUsage(object as Frozen<Pod>) }), concerns: concernsPods }
    case 'services':
      return {
        usage: (object) => ({ [count]: '1', ...serviceUsage(object as Frozen<Service>) }),
        concerns: (name) => [count, 'services', 'services.nodeports', 'services.loadbalancers'].includes(name),
      }
    case 'persistentvolumeclaims':
      return {
        usage: (object) => ({ [count]: '1', ...claimUsage(object as Frozen<PersistentVolumeClaim>) }),
        concerns: (name) =>
          [count, 'persistentvolumeclaims', 'requests.storage'].includes(name) || name.includes(CLASS_SUFFIX),
      }
    default: {
      const names = COUNTED_BY_PLURAL.has(resource) ? [count, resource] : [count]
      return {
        usage: () => Object.fromEntries(names.map((name) => [name, '1'])),
        concerns: (name) => names.includes(name),
      }
    }
  }
}

function concernsPods(name: string): boolean {
  if (name === 'pods' || name === 'count/pods') return true
  const bare = name.replace(/^(requests|limits)\./, '')
  if ((COMPUTE as readonly string[]).includes(bare) || isHugePage(bare)) return true
  return name.startsWith('requests.') && isExtendedResource(bare)
}

/** A pod that has ended uses nothing but its place among objects. */
export function hasEnded({ status }: Frozen<Pod>): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded'
}

function podUsage(pod: Frozen<Pod>): ResourceList {
  if (hasEnded(pod)) return {}
  return { pods: '1', ...computeUsage(podRequests(pod, { useStatus: true }), podLimits(pod, { useStatus: true })) }
}

/** Requests and limits under the names that quotas have for them. */
export function computeUsage(requests: Frozen<ResourceList>, limits: Frozen<ResourceList>): ResourceList {
  const usage: ResourceList = {}
  for (const [name, value] of Object.entries(requests)) {
    const isCompute = (COMPUTE as readonly string[]).includes(name)
    if (isCompute || isHugePage(name)) usage[name] = value
    if (isCompute || isHugePage(name) || isExtendedResource(name)) usage[`requests.${name}`] = value
  }
  for (const [name, value] of Object.entries(limits))
    if ((COMPUTE as readonly string[]).includes(name)) usage[`limits.${name}`] = value
  return usage
}

function serviceUsage({ spec }: Frozen<Service>): ResourceList {
  const ports = spec?.ports ?? []
  const takesPorts =
    spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  const given = ports.filter(({ nodePort }) => nodePort).length
  const nodePorts = takesPorts ? ports.length : spec?.type === 'LoadBalancer' ? given : 0
  return {
    services: '1',
    'services.nodeports': String(nodePorts),
    'services.loadbalancers': spec?.type === 'LoadBalancer' ? '1' : '0',
  }
}

function claimUsage({ spec, metadata }: Frozen<PersistentVolumeClaim>): ResourceList {
  const storage = spec?.resources?.requests?.['storage']
  const legacyClass = metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
  const className = legacyClass ?? spec?.storageClassName
  const own: ResourceList = {
    persistentvolumeclaims: '1',
    ...(storage !== undefined && { 'requests.storage': storage }),
  }
  if (!className) return own
  const ofClass = Object.entries(own).map(([name, value]) => [`${className}${CLASS_SUFFIX}${name}`, value])
  return { ...own, ...(Object.fromEntries(ofClass) as ResourceList) }
}
