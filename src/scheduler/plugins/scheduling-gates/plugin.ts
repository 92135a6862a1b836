import { unresolvable, type Plugin } from '../../framework/plugin.ts'

/** Holds pods with scheduling gates out of the queue (KEP-3521). */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  wakes: ['PodUpdate'],
  preEnqueue({ pod }) {
    const gates = pod.spec.schedulingGates ?? []
    if (gates.length === 0) return undefined
    return unresolvable(`waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`)
  },
}
