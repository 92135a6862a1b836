import { unschedulable, type Plugin } from '../../framework/plugin.ts'

const REJECTION = unschedulable("node(s) didn't have free ports for the requested pod ports")

/** Two pods of one node cannot have the same host port. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  wakes: ['NodeAdd', 'PodDelete'],
  preFilter: ({ pod }) => (pod.hostPorts.length === 0 ? 'skip' : undefined),
  filter: ({ pod }, node) => (pod.hostPorts.some((claim) => node.hasPortConflict(claim)) ? REJECTION : undefined),
}
