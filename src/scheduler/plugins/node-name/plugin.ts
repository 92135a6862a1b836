import { unresolvable, type Plugin } from '../../framework/plugin.ts'

const REJECTION = unresolvable("node(s) didn't match the requested node name")

/** A pod that names its node goes nowhere else. */
export const nodeName: Plugin = {
  name: 'NodeName',
  wakes: ['NodeAdd'],
  preFilter: ({ pod }) => (pod.pod.spec.nodeName ? undefined : 'skip'),
  filter: ({ pod }, node) => (pod.pod.spec.nodeName === node.name ? undefined : REJECTION),
}
