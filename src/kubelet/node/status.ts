import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { isExtendedResource, isHugePage } from '../../api/core/v1/resource-names.ts'
import type * as api from '../../api/generated/types/core/v1.ts'
import { quantityMilliValue, quantityValue } from '../../apimachinery/quantity/text.ts'
import { hugePageResource } from '../container/resources.ts'
import type * as cri from '../cri/generated/types.ts'
import type { KubeletConfig } from '../config.ts'
import type { Machine } from '../host/machine.ts'

/** What is known of the node at a moment. */
export interface NodeObservation {
  readonly config: KubeletConfig
  readonly machine: Machine
  readonly addresses: readonly string[]
  readonly runtime: { readonly name: string; readonly version: string }
  readonly images: readonly cri.Image[]
  /** Capacity of the file system under the node agent's folder; 0 when unknown. */
  readonly ephemeralStorageBytes: number
  /** Why the node cannot run pods, if it cannot. */
  readonly problems: readonly string[]
  readonly pressure: { readonly memory: boolean; readonly disk: boolean; readonly pid: boolean }
  readonly handlers: readonly cri.RuntimeHandler[]
  readonly nowMs: number
}

/** What the node agent tells of its node, with the conditions' times taken over from what it told before. */
export function nodeStatus(seen: NodeObservation, old: Frozen<api.NodeStatus> | undefined): api.NodeStatus {
  const { config, machine } = seen
  return {
    addresses: addresses(seen),
    ...resources({ capacity: capacity(seen), allocatable: allocatable(seen) }, old),
    conditions: conditions(seen, old?.conditions ?? []),
    daemonEndpoints: { kubeletEndpoint: { Port: config.port } },
    images: images(seen.images),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: `${seen.runtime.name}://${seen.runtime.version}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: config.version,
      machineID: machine.machineId,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
      ...(machine.swapBytes > 0 && { swap: { capacity: machine.swapBytes } }),
    },
    ...(seen.handlers.length > 0 && { runtimeHandlers: seen.handlers.map(runtimeHandler) }),
  }
}

function runtimeHandler({ name, features }: cri.RuntimeHandler): api.NodeRuntimeHandler {
  return {
    name,
    features: {
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    },
  }
}

function addresses({ addresses: ips, config }: NodeObservation): api.NodeAddress[] {
  return [
    ...ips.map((address) => ({ type: 'InternalIP' as const, address })),
    { type: 'Hostname' as const, address: config.nodeName },
  ]
}

function capacity({ machine, config, ephemeralStorageBytes }: NodeObservation): api.ResourceList {
  return {
    cpu: String(machine.cpus),
    ...(ephemeralStorageBytes > 0 && { 'ephemeral-storage': `${Math.floor(ephemeralStorageBytes / 1024)}Ki` }),
    ...Object.fromEntries(
      machine.hugePages.map(({ size, count }) => [`hugepages-${hugePageResource(size)}`, String(size * count)]),
    ),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(config.maxPods),
  }
}

type Resources = Required<Pick<api.NodeStatus, 'capacity' | 'allocatable'>>

/**
 * With what others have added to the node's capacity: all of it can be allocated. An extended resource that is no part of the capacity any more can be
 * allocated no more (upstream's MachineInfo setter).
 */
function resources(own: Resources, old: Frozen<api.NodeStatus> | undefined): Resources {
  const isOthers = ([name]: [string, unknown]): boolean => !(name in own.capacity) && !isHugePage(name)
  const added = Object.entries(old?.capacity ?? {}).filter(isOthers)
  const left = Object.entries(old?.allocatable ?? {}).filter(
    (entry) => isOthers(entry) && !isExtendedResource(entry[0]),
  )
  return {
    capacity: { ...Object.fromEntries(added), ...own.capacity },
    allocatable: { ...Object.fromEntries([...left, ...added]), ...own.allocatable },
  }
}

/** Memory that the hard eviction threshold keeps free is not pods' to use (upstream's default, memory.available<100Mi). */
export const MEMORY_KEPT_FREE_BYTES = 100 * 1024 ** 2
/** nodefs.available<10% */
export const DISK_KEPT_FREE = 0.1

function allocatable(seen: NodeObservation): api.ResourceList {
  const { machine, config, ephemeralStorageBytes } = seen
  const { cpu, memory } = config.reserved
  const milliCpu = machine.cpus * 1000 - quantityMilliValue(cpu)
  const hugeBytes = machine.hugePages.reduce((sum, { size, count }) => sum + size * count, 0)
  const bytes = machine.memoryBytes - hugeBytes - quantityValue(memory) - MEMORY_KEPT_FREE_BYTES
  return {
    ...capacity(seen),
    cpu: milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`,
    ...(ephemeralStorageBytes > 0 && {
      'ephemeral-storage': String(Math.floor(ephemeralStorageBytes * (1 - DISK_KEPT_FREE))),
    }),
    memory: `${Math.floor(bytes / 1024)}Ki`,
  }
}

type Finding = Pick<api.NodeCondition, 'type' | 'status' | 'reason' | 'message'>

/** Upstream's words for each kind of pressure: while it holds, and while it doesn't. */
const PRESSURES = [
  {
    type: 'MemoryPressure',
    of: 'memory',
    yes: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    no: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  {
    type: 'DiskPressure',
    of: 'disk',
    yes: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    no: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  {
    type: 'PIDPressure',
    of: 'pid',
    yes: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    no: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
] as const

function findings({ pressure, problems }: NodeObservation): Finding[] {
  const pressures = PRESSURES.map(({ type, of, yes, no }): Finding => {
    const [reason, message] = pressure[of] ? yes : no
    return { type, status: pressure[of] ? 'True' : 'False', reason, message }
  })
  const [problem = ''] = problems
  const ready: Finding =
    problems.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : {
          type: 'Ready',
          status: 'False',
          reason: 'KubeletNotReady',
          message: problems.length === 1 ? problem : `[${problems.join(', ')}]`,
        }
  return [...pressures, ready]
}

function conditions(seen: NodeObservation, old: readonly Frozen<api.NodeCondition>[]): api.NodeCondition[] {
  const now = timestamp(seen.nowMs)
  const own = findings(seen).map((finding) => {
    const before = old.find(({ type }) => type === finding.type)
    const since = before?.status === finding.status ? before.lastTransitionTime : undefined
    return { ...finding, lastHeartbeatTime: now, lastTransitionTime: since ?? now }
  })
  const others = old.filter(({ type }) => !own.some((condition) => condition.type === type))
  return [...others.map((condition) => ({ ...condition })), ...own]
}

const MAX_IMAGES = 50
const MAX_NAMES = 5

/** The largest images, with the names they go by. */
function images(list: readonly cri.Image[]): api.ContainerImage[] {
  return list
    .toSorted((a, b) => b.size - a.size)
    .slice(0, MAX_IMAGES)
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, MAX_NAMES),
      sizeBytes: size,
    }))
    .filter(({ names }) => names.length > 0)
}
