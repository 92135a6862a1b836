import { MAX_SCORE, type Plugin } from '../../framework/plugin.ts'

/** Prefers nodes whose CPU and memory would be used to a similar share. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakes: [],
  // A pod that asks for nothing has nothing to balance.
  preScore: ({ pod: { requests } }) => (requests.milliCpu === 0 && requests.memory === 0 ? 'skip' : undefined),
  score({ pod }, { requested, allocatable }) {
    const cpu = share(requested.milliCpu + pod.requests.milliCpu, allocatable.milliCpu)
    const memory = share(requested.memory + pod.requests.memory, allocatable.memory)
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_SCORE)
  },
}

function share(requested: number, capacity: number): number {
  return capacity === 0 ? 1 : Math.min(1, requested / capacity)
}
