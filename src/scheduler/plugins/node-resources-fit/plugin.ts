import type { NodeInfo } from '../../framework/node-info.ts'
import type { PodInfo } from '../../framework/pod-info.ts'
import { MAX_SCORE, type Plugin, type Rejection } from '../../framework/plugin.ts'

/** The pod's requests must fit beside those of the pods that are there; emptier nodes are preferred (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  wakes: ['NodeAdd', 'NodeUpdate', 'PodDelete', 'PodUpdate'],
  filter: ({ pod }, node) => (fits(pod, node) ? undefined : whyNot(pod, node)),
  score({ pod }, node) {
    const cpu = leastAllocated(node.nonZeroRequested.milliCpu + pod.nonZero.milliCpu, node.allocatable.milliCpu)
    const memory = leastAllocated(node.nonZeroRequested.memory + pod.nonZero.memory, node.allocatable.memory)
    return Math.floor((cpu + memory) / 2)
  },
}

function leastAllocated(requested: number, capacity: number): number {
  return capacity === 0 || requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_SCORE) / capacity)
}

/** The answer without the reasons, since most nodes fit. */
function fits({ requests }: PodInfo, { requested, allocatable, pods, allowedPods }: NodeInfo): boolean {
  if (pods.size + 1 > allowedPods) return false
  if (requests.milliCpu > 0 && requests.milliCpu > allocatable.milliCpu - requested.milliCpu) return false
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false
  if (
    requests.ephemeralStorage > 0 &&
    requests.ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage
  )
    return false
  for (const [name, amount] of requests.scalar ?? []) {
    if (amount > (allocatable.scalar?.get(name) ?? 0) - (requested.scalar?.get(name) ?? 0)) return false
  }
  return true
}

function whyNot({ requests }: PodInfo, { requested, allocatable, pods, allowedPods }: NodeInfo): Rejection {
  const reasons: string[] = []
  let hopeless = false
  const check = (reason: string, asked: number, used: number, capacity: number): void => {
    if (asked === 0 || asked <= capacity - used) return
    reasons.push(reason)
    hopeless ||= asked > capacity
  }
  if (pods.size + 1 > allowedPods) reasons.push('Too many pods')
  check('Insufficient cpu', requests.milliCpu, requested.milliCpu, allocatable.milliCpu)
  check('Insufficient memory', requests.memory, requested.memory, allocatable.memory)
  check(
    'Insufficient ephemeral-storage',
    requests.ephemeralStorage,
    requested.ephemeralStorage,
    allocatable.ephemeralStorage,
  )
  for (const [name, amount] of requests.scalar ?? []) {
    check(`Insufficient ${name}`, amount, requested.scalar?.get(name) ?? 0, allocatable.scalar?.get(name) ?? 0)
  }
  return { code: hopeless ? 'unresolvable' : 'unschedulable', reasons }
}
