import { tolerates } from '../../../api/core/v1/tolerates.ts'
import { unresolvable, type Plugin } from '../../framework/plugin.ts'

const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const
const REJECTION = unresolvable('node(s) were unschedulable')

/** Leaves out cordoned nodes, unless the pod tolerates that. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wakes: ['NodeAdd', 'NodeUpdate', 'PodUpdate'],
  filter({ pod }, { node }) {
    if (node.spec?.unschedulable !== true) return undefined
    return (pod.pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, CORDONED))
      ? undefined
      : REJECTION
  },
}
