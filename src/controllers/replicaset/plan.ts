import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { ReplicaSetCondition, ReplicaSetStatus } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'

/** At most so many pods are created or deleted before looking again. */
const BURST_REPLICAS = 500

export interface ReplicaPlan {
  readonly create: number
  readonly remove: number
}

/** How many pods to create or delete to come to `replicas`. */
export function planReplicas(replicas: number, active: number): ReplicaPlan {
  const missing = replicas - active
  return {
    create: Math.min(Math.max(missing, 0), BURST_REPLICAS),
    remove: Math.min(Math.max(-missing, 0), BURST_REPLICAS),
  }
}

/** What of a ReplicaSet or ReplicationController its status is made of. */
export interface ReplicaOwner {
  readonly generation: number
  readonly replicas: number
  readonly minReadySeconds: number
  readonly templateLabels: Readonly<Record<string, string>>
  readonly conditions: readonly Frozen<ReplicaSetCondition>[]
}

/** The status of an owner of these pods, after an attempt to change their number that may have failed. Counts of zero are left out as upstream. */
export function replicaStatus(
  owner: ReplicaOwner,
  pods: readonly Frozen<Pod>[],
  { failure, now }: { readonly failure: string | undefined; readonly now: number },
): Frozen<ReplicaSetStatus> {
  const active = pods.filter(isPodActive)
  const ready = active.filter(isPodReady)
  const conditions = withFailure(owner, active.length, failure, now)
  return {
    replicas: active.length,
    ...nonZero('fullyLabeledReplicas', active.filter((pod) => hasLabels(pod, owner.templateLabels)).length),
    ...nonZero('readyReplicas', ready.length),
    ...nonZero('availableReplicas', ready.filter((pod) => isPodAvailable(pod, owner.minReadySeconds, now)).length),
    terminatingReplicas: pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    observedGeneration: owner.generation,
    ...(conditions.length > 0 && { conditions }),
  }
}

function nonZero(name: string, count: number): Record<string, number> {
  return count === 0 ? {} : { [name]: count }
}

function hasLabels({ metadata }: Frozen<Pod>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value)
}

/** ReplicaFailure is there while creating or deleting fails; one that is there keeps its text. */
function withFailure(
  { conditions, replicas }: ReplicaOwner,
  active: number,
  failure: string | undefined,
  now: number,
): readonly Frozen<ReplicaSetCondition>[] {
  const type = 'ReplicaFailure'
  if (failure === undefined) return conditions.filter((condition) => condition.type !== type)
  if (conditions.some((condition) => condition.type === type)) return conditions
  const reason = active < replicas ? 'FailedCreate' : 'FailedDelete'
  return [...conditions, { type, status: 'True', lastTransitionTime: timestamp(now), reason, message: failure }]
}
