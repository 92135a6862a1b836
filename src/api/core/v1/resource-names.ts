import { isQualifiedName } from '../../../apimachinery/validation/names.ts'

/** Questions about the names of resources (upstream's pkg/apis/core/helper). */

/** A native resource: one without a domain, or in kubernetes.io. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || isPrefixedNative(name)
}

/** In the domain kubernetes.io or below it. */
export const isPrefixedNative = (name: string): boolean => name.includes('kubernetes.io/')

export const isHugePage = (name: string): boolean => name.startsWith('hugepages-')

/** Supported by the pod's own resources: cpu, memory and huge pages. */
export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePage(name)

/** An extended resource: `vendor.com/device`, and not a quota's `requests.` name. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false
  // A quota names it after `requests.`.
  return isQualifiedName(`requests.${name}`).length === 0
}

/** Whether limits may exceed requests. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePage(name)

/** Volumes that a cloud attaches, counted per node. */
export const isAttachableVolume = (name: string): boolean => name.startsWith('attachable-volumes-')

const STANDARD_CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** What a container may ask for by a bare name. */
export const isStandardContainerResource = (name: string): boolean => STANDARD_CONTAINER.has(name) || isHugePage(name)

const STANDARD = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
])

/** Any bare name that the system knows. */
export const isStandardResource = (name: string): boolean =>
  STANDARD.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')

const INTEGER = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])

/** Measured in whole numbers. */
export const isIntegerResource = (name: string): boolean => INTEGER.has(name) || isExtendedResource(name)
