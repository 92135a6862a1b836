import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { forbidden } from '../../../apimachinery/status.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionPlugin } from '../types.ts'

const HOSTNAME = 'kubernetes.io/hostname'

/** Required anti-affinity reaches no further than a node (upstream's LimitPodHardAntiAffinityTopology). */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  validate(attributes) {
    if (!isPodWrite(attributes)) return
    const { spec, metadata } = attributes.object as Pod
    const terms = spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const wide = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME)
    if (!wide) return
    const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wide.topologyKey} but only key ${HOSTNAME} is allowed`
    throw forbidden({ group: '', resource: 'pods' }, metadata.name ?? '', why)
  },
}
