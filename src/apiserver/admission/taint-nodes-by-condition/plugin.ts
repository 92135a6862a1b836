import type { Node } from '../../../api/generated/types/core/v1.ts'
import type { AdmissionPlugin } from '../types.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'

/** A new node takes no pods before it has said that it is ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (operation) => operation === 'CREATE',
  mutate({ definition, subresource, object }) {
    if (definition.group !== '' || definition.plural !== 'nodes' || subresource !== '' || !object) return
    const node = object as Node
    const taints = ((node.spec ??= {}).taints ??= [])
    if (!taints.some(({ key, effect }) => key === NOT_READY && effect === 'NoSchedule'))
      taints.push({ key: NOT_READY, effect: 'NoSchedule' })
  },
}
