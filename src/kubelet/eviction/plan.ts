import { podLimits } from '../../api/core/v1/pod-resources.ts'
import { quantityValue } from '../../apimachinery/quantity/text.ts'
import { milliOf, podAmounts, qosOf, unitsOf } from '../pod/resources.ts'
import { isTerminal, type Pod } from '../pod/spec.ts'

/** What is left of what the node can run out of. */
export interface NodeSignals {
  readonly memoryAvailableBytes: number
  readonly memoryCapacityBytes: number
  readonly diskAvailableBytes: number
  readonly diskCapacityBytes: number
  readonly inodesFree: number
  readonly inodes: number
}

/** A threshold that is crossed. */
export interface Shortage {
  readonly resource: 'memory' | 'ephemeral-storage' | 'inodes'
  readonly available: number
  readonly threshold: number
}

const LOCAL_STORAGE = 'ephemeral-storage'

/** Upstream's hard thresholds. */
const MEMORY_BYTES = 100 * 1024 ** 2
const DISK_SHARE = 0.1
const INODE_SHARE = 0.05

/** The hard thresholds that are crossed: memory.available<100Mi, nodefs.available<10%, nodefs.inodesFree<5%. */
export function shortages(signals: NodeSignals): Shortage[] {
  const found: Shortage[] = []
  const look = (resource: Shortage['resource'], available: number, threshold: number): void => {
    if (available < threshold) found.push({ resource, available, threshold })
  }
  look('memory', signals.memoryAvailableBytes, MEMORY_BYTES)
  look('ephemeral-storage', signals.diskAvailableBytes, signals.diskCapacityBytes * DISK_SHARE)
  if (signals.inodes > 0) look('inodes', signals.inodesFree, signals.inodes * INODE_SHARE)
  return found
}

/** What a pod uses of what is short: bytes, or inodes. */
export type Usage = (pod: Pod) => number

/**
 * The pod to be evicted first: one that uses more than it asked for before one that doesn't, of lower priority before higher,
 * then the one furthest above its request (upstream's rankMemoryPressure and rankDiskPressureFunc). Undefined when none may be.
 */
export function firstToEvict(pods: readonly Pod[], { resource }: Shortage, usage: Usage): Pod | undefined {
  const request = (pod: Pod): number =>
    resource === 'inodes' ? 0 : Math.ceil((podAmounts(pod, 'requests').get(resource) ?? 0) / 1000)
  const excess = (pod: Pod): number => usage(pod) - request(pod)
  return pods
    .filter((pod) => !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined && !isCritical(pod))
    .toSorted(
      (a, b) =>
        Number(excess(b) > 0) - Number(excess(a) > 0) ||
        (a.spec.priority ?? 0) - (b.spec.priority ?? 0) ||
        excess(b) - excess(a),
    )[0]
}

const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000

function isCritical(pod: Pod): boolean {
  return (
    (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY ||
    pod.metadata.annotations?.['kubernetes.io/config.source'] === 'file'
  )
}

/** What is said to an evicted pod. */
export function evictionMessage(
  pod: Pod,
  { resource, available, threshold }: Shortage,
  used: ReadonlyMap<string, number>,
): string {
  const amount = (value: number): string =>
    resource === 'inodes' ? String(Math.floor(value)) : `${Math.floor(value / 1024)}Ki`
  const head = `The node was low on resource: ${resource}. Threshold quantity: ${amount(threshold)}, available: ${amount(available)}. `
  const over = pod.spec.containers.flatMap(({ name, resources }) => {
    const usage = used.get(name) ?? 0
    const request = resource === 'inodes' ? 0 : unitsOf(resources?.requests, resource)
    if (usage <= request) return []
    const asked = milliOf(resources?.requests, resource) === 0 ? '0' : amount(request)
    return [
      `Container ${name} was using ${amount(usage)}, request is ${asked}, has larger consumption of ${resource}. `,
    ]
  })
  return head + over.join('')
}

/** Why a pod may not start on a node under pressure; undefined when it may (upstream's eviction manager Admit). */
export function pressureRefusal(
  pod: Pod,
  pressure: { readonly memory: boolean; readonly disk: boolean },
): { readonly reason: string; readonly message: string } | undefined {
  if (isCritical(pod) || (!pressure.memory && !pressure.disk)) return undefined
  const tolerates = (pod.spec.tolerations ?? []).some(
    ({ key, operator }) => key === 'node.kubernetes.io/memory-pressure' || (!key && operator === 'Exists'),
  )
  if (!pressure.disk && (qosOf(pod) !== 'BestEffort' || tolerates)) return undefined
  const conditions = [...(pressure.memory ? ['MemoryPressure'] : []), ...(pressure.disk ? ['DiskPressure'] : [])]
  return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` }
}

/** What a pod holds on the node's disk, in bytes. */
export interface StorageUse {
  /** By the names of emptyDir volumes on disk. */
  readonly volumes: ReadonlyMap<string, number>
  /** What containers have written to their file systems and logs, by name. */
  readonly containers: ReadonlyMap<string, number>
}

/** emptyDir volumes on disk. */
export function diskVolumes({ spec }: Pod): { readonly name: string; readonly limit: string | undefined }[] {
  return (spec.volumes ?? []).flatMap(({ name, emptyDir }) =>
    emptyDir && !emptyDir.medium
      ? [{ name, limit: emptyDir.sizeLimit === undefined ? undefined : String(emptyDir.sizeLimit) }]
      : [],
  )
}

/** Whether the pod, a container or a volume of it may hold only so much on the disk: then it has to be measured. */
export function isStorageLimited(pod: Pod): boolean {
  if (isTerminal(pod) || isCritical(pod)) return false
  return diskVolumes(pod).some(({ limit }) => limit !== undefined) || LOCAL_STORAGE in podLimits(pod)
}

/** What a pod is told that holds more than it may; undefined when it does not (upstream's localStorageEviction). */
export function storageExcess(pod: Pod, { volumes, containers }: StorageUse): string | undefined {
  for (const { name, limit } of diskVolumes(pod)) {
    const most = quantityValue(limit)
    if (limit !== undefined && most > 0 && (volumes.get(name) ?? 0) > most)
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `
  }
  const total = [...volumes.values(), ...containers.values()].reduce((sum, bytes) => sum + bytes, 0)
  const whole = podLimits(pod)[LOCAL_STORAGE]
  if (whole !== undefined && total > quantityValue(String(whole)))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${whole}. `
  for (const { name, resources } of pod.spec.containers) {
    const limit = resources?.limits?.[LOCAL_STORAGE]
    const most = quantityValue(limit === undefined ? undefined : String(limit))
    if (most > 0 && (containers.get(name) ?? 0) > most)
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `
  }
  return undefined
}
