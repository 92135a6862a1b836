import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { CgroupLimits } from '../host/cgroups.ts'
import type { Machine } from '../host/machine.ts'
import { milliOf, podAmounts, qosOf, unitsOf } from '../pod/resources.ts'
import { isSidecar, type Container, type Pod } from '../pod/spec.ts'

const MIN_SHARES = 2
const MAX_SHARES = 262_144
export const CPU_PERIOD_US = 100_000
const MIN_QUOTA_US = 1000

/** cpu.shares for an amount of CPU: 1024 for each, within the kernel's bounds. */
export function cpuShares(milliCpu: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * 1024) / 1000)))
}

/** The CFS quota per 100 ms for a CPU limit; 0 leaves it alone. */
export function cpuQuota(milliCpu: number): number {
  return milliCpu === 0 ? 0 : Math.max(MIN_QUOTA_US, Math.floor((milliCpu * CPU_PERIOD_US) / 1000))
}

/** What of a container's limits can change while it runs. */
export interface LiveLimits {
  readonly cpuShares: number
  /** 0: none. */
  readonly cpuQuota: number
  /** 0: none. */
  readonly memoryLimitInBytes: number
}

/** A container's CPU and memory, as the kernel is told. Where it has no limit of its own, it has the pod's (upstream's getCPULimit, getMemoryLimit). */
export function liveLimits({ spec }: Pod, { resources = {} }: Container): LiveLimits {
  const { requests, limits } = resources
  const ofPod = spec.resources?.limits
  const cpuLimit = milliOf(limits, 'cpu') || milliOf(ofPod, 'cpu')
  return {
    cpuShares: cpuShares(requests?.cpu === undefined && cpuLimit > 0 ? cpuLimit : milliOf(requests, 'cpu')),
    cpuQuota: cpuQuota(cpuLimit),
    memoryLimitInBytes: unitsOf(limits, 'memory') || unitsOf(ofPod, 'memory'),
  }
}

/** What the runtime limits a container to. */
export function linuxResources(
  pod: Pod,
  container: Container,
  { machine, cgroupVersion }: { readonly machine: Machine; readonly cgroupVersion: 1 | 2 },
): Init<cri.LinuxContainerResources> {
  const { memoryLimitInBytes, ...cpu } = liveLimits(pod, container)
  return {
    ...cpu,
    cpuPeriod: CPU_PERIOD_US,
    ...(memoryLimitInBytes > 0 && { memoryLimitInBytes }),
    oomScoreAdj: oomScoreAdj(pod, container, machine),
    hugepageLimits: machine.hugePages.map(({ size }) => ({
      pageSize: hugePageName(size),
      limit: hugePageLimit(pod, container, `hugepages-${hugePageResource(size)}`),
    })),
    // The whole container ends when one of its processes is killed for memory, as upstream has it on v2.
    ...(cgroupVersion === 2 && { unified: { 'memory.oom.group': '1' } }),
  }
}

/** The container's own limit goes before the pod's, even if it is none at all. */
function hugePageLimit({ spec }: Pod, { resources }: Container, name: string): number {
  return unitsOf(resources?.limits?.[name] === undefined ? spec.resources?.limits : resources.limits, name)
}

/** How readily the kernel kills a container's processes when memory runs out (upstream's qos.GetContainerOOMScoreAdjust). */
export function oomScoreAdj(pod: Pod, container: Container, machine: Machine): number {
  const wanted = wantedOomScore(pod, container, machine.memoryBytes)
  return machine.mayLowerOomScore ? wanted : Math.max(wanted, machine.oomScoreAdj)
}

function wantedOomScore(pod: Pod, container: Container, memoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY) return -997
  const qos = qosOf(pod)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const share = (request: number): number => 1000 - Math.floor((1000 * request) / memoryBytes)
  const own = share(unitsOf(container.resources?.requests, 'memory'))
  const init = (pod.spec.initContainers ?? []).includes(container)
  const least = pod.spec.containers.map((c) => share(unitsOf(c.resources?.requests, 'memory')))
  const score = init && isSidecar(container) ? Math.min(own, ...least) : own
  // Kept between what guaranteed and best-effort containers have.
  if (score < 1000 - 997) return 1000 - 997
  return score === 1000 ? 999 : score
}

const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000

/** What the pod's own cgroup is limited to: CPU always by shares; CPU and memory where every container has a limit (upstream's ResourceConfigForPod). */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const requests = podAmounts(pod, 'requests')
  const limits = podAmounts(pod, 'limits')
  const all = (name: string): boolean =>
    pod.spec.resources?.limits?.[name] !== undefined ||
    [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)].every(
      ({ resources }) => milliOf(resources?.limits, name) > 0,
    )
  const qos = qosOf(pod)
  const shares = cpuShares(requests.get('cpu') ?? 0)
  if (qos === 'BestEffort') return { cpuShares: MIN_SHARES }
  const quota = all('cpu') && { cpuQuota: cpuQuota(limits.get('cpu') ?? 0), cpuPeriod: CPU_PERIOD_US }
  const memory = all('memory') && { memoryLimitBytes: Math.ceil((limits.get('memory') ?? 0) / 1000) }
  return { cpuShares: shares, ...quota, ...memory }
}

/** The pod's cgroup, under its QoS class's: `/kubepods/burstable/pod1234`. `root`: of all pods' cgroups. */
export function podCgroupPath(pod: Pod, root: string): string {
  const qos = qosOf(pod)
  const parent = qos === 'Guaranteed' ? root : `${root}/${qos.toLowerCase()}`
  return `${parent}/pod${pod.metadata.uid}`
}

/** `2MB`, as the kernel's and runc's hugetlb files are named. */
function hugePageName(size: number): string {
  return size >= 1024 ** 3 ? `${size / 1024 ** 3}GB` : size >= 1024 ** 2 ? `${size / 1024 ** 2}MB` : `${size / 1024}KB`
}

/** `2Mi`, as resources are named. */
export function hugePageResource(size: number): string {
  return size >= 1024 ** 3 ? `${size / 1024 ** 3}Gi` : size >= 1024 ** 2 ? `${size / 1024 ** 2}Mi` : `${size / 1024}Ki`
}
