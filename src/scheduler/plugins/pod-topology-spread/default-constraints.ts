import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import { labelSet, labelSetOf, selects, type LabelSet } from '../../../apimachinery/labels/selector.ts'
import { controllerOf } from '../../../apimachinery/meta.ts'
import { replicaSets } from '../../../api/apps/v1/replicaset.ts'
import { statefulSets } from '../../../api/apps/v1/statefulset.ts'
import { replicationControllers } from '../../../api/core/v1/replicationcontroller.ts'
import { services } from '../../../api/core/v1/service.ts'
import type { ReplicationController, Service } from '../../../api/generated/types/core/v1.ts'
import type { ReplicaSet, StatefulSet } from '../../../api/generated/types/apps/v1.ts'
import type { Lister } from '../../../client/index.ts'
import type { PodInfo } from '../../framework/pod-info.ts'
import { spreadTerm, type SpreadConstraint } from './constraints.ts'

/** What tells which pods belong together. */
export interface GroupListers {
  readonly services: Lister<Service>
  readonly replicaSets: Lister<ReplicaSet>
  readonly statefulSets: Lister<StatefulSet>
  readonly replicationControllers: Lister<ReplicationController>
}

/** The resources that the plugin needs informers for. */
export const groupResources = { services, replicaSets, statefulSets, replicationControllers } as const

/** Upstream's system defaults: pods of one group spread over hosts and zones, as far as possible. */
const DEFAULTS = [
  { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
] as const

/** The constraints of a pod that states none; empty for one that belongs to no group. */
export function defaultConstraints(pod: PodInfo, listers: GroupListers): SpreadConstraint[] {
  const selector = groupSelector(pod, listers)
  if (selector.requirements.length === 0) return []
  return DEFAULTS.map(({ topologyKey, maxSkew }) => ({
    term: spreadTerm(topologyKey, selector, pod.namespace),
    maxSkew,
    minDomains: 1,
    honorAffinity: true,
    honorTaints: false,
  }))
}

/** What the pod's Services and its controller select (helper.DefaultSelector). */
function groupSelector(pod: PodInfo, listers: GroupListers): LabelSet {
  const shared: Record<string, string> = {}
  for (const { spec } of listers.services.list(pod.namespace)) {
    const selector = spec.selector ?? {}
    if (Object.keys(selector).length > 0 && selects(labelSetOf(selector), pod.labels)) Object.assign(shared, selector)
  }
  const owner = ownerSelector(pod, listers)
  return labelSet([...labelSetOf(shared).requirements, ...owner.requirements])
}

function ownerSelector({ pod, namespace }: PodInfo, listers: GroupListers): LabelSet {
  const owner = controllerOf(pod)
  const key = `${namespace}/${owner?.name}`
  switch (owner?.kind) {
    case 'ReplicaSet':
      return selectorOf(listers.replicaSets.get(key)?.spec.selector)
    case 'StatefulSet':
      return selectorOf(listers.statefulSets.get(key)?.spec.selector)
    case 'ReplicationController':
      return labelSetOf(listers.replicationControllers.get(key)?.spec.selector ?? {})
    default:
      return labelSet([])
  }
}
