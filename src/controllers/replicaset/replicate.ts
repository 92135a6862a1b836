import { isPodActive } from '../../api/core/v1/pod-conditions.ts'
import type { ReplicaSetCondition, ReplicaSetStatus } from '../../api/generated/types/apps/v1.ts'
import type { Pod, PodTemplateSpec } from '../../api/generated/types/core/v1.ts'
import { pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { controllerOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { done, type ReconcileContext, type Result } from '../../client/controller.ts'
import { claim } from '../ownership/claim.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { nextAvailabilityMs } from '../pods/availability.ts'
import { cheapestToDelete } from '../pods/deletion-order.ts'
import { podFromTemplate } from '../pods/from-template.ts'
import { forAll, inGrowingBatches } from '../pods/growing-batches.ts'
import { createPod, deletePod, messageOf } from '../pods/write.ts'
import { planReplicas, replicaStatus } from './plan.ts'

/** A kind that keeps a number of pods of one template: ReplicaSet, or its elder ReplicationController. */
export interface ReplicaKind<T extends KubeObject> {
  readonly resource: ResourceDefinition<T>
  replicas(owner: Frozen<T>): number
  minReadySeconds(owner: Frozen<T>): number
  template(owner: Frozen<T>): Frozen<PodTemplateSpec>
  matches(owner: Frozen<T>, pod: Frozen<KubeObject>): boolean
  status(owner: Frozen<T>): Frozen<ReplicaSetStatus> | undefined
  /** Whether the status counts pods that are ending. */
  readonly hasTerminatingCount: boolean
}

/** Brings the pods of the `kind` object of this key to their number, and its status up to date. */
export async function replicate<T extends KubeObject>(
  kind: ReplicaKind<T>,
  key: ObjectKey,
  context: ReconcileContext,
): Promise<Result> {
  const owner = context.lister(kind.resource).get(key)
  if (!owner) return done
  const { clock } = context.env
  const claimed = await claim<T, Pod>(
    {
      owner,
      ownerResource: kind.resource,
      resource: pods,
      matches: (pod) => kind.matches(owner, pod),
      adopts: isPodActive,
    },
    context,
  )
  const failure = owner.metadata.deletionTimestamp ? undefined : await scale(kind, owner, claimed, context)
  await writeStatus(kind, owner, claimed, failure, context)
  if (failure) throw failure.error
  const requeueAfterMs = nextAvailabilityMs(claimed.filter(isPodActive), kind.minReadySeconds(owner), clock.now())
  return requeueAfterMs === undefined ? done : { requeueAfterMs }
}

interface Failure {
  readonly error: unknown
}

async function scale<T extends KubeObject>(
  kind: ReplicaKind<T>,
  owner: Frozen<T>,
  claimed: readonly Frozen<Pod>[],
  context: ReconcileContext,
): Promise<Failure | undefined> {
  const active = claimed.filter(isPodActive)
  const { create, remove } = planReplicas(kind.replicas(owner), active.length)
  try {
    if (create > 0) {
      const pod = podFromTemplate(kind.template(owner), owner, controllerReference(kind.resource, owner))
      await inGrowingBatches(create, () => createPod(pod, owner, context))
    }
    if (remove > 0) {
      const related = relatedPods(kind, owner, claimed, context)
      const cheapest = cheapestToDelete(active, remove, related, context.env.clock.now())
      await forAll(cheapest, (pod) => deletePod(pod, owner, context))
    }
    return undefined
  } catch (error) {
    return { error }
  }
}

/** The pods of all that have the same owner as `owner`: of a Deployment's other ReplicaSets. */
function relatedPods<T extends KubeObject>(
  kind: ReplicaKind<T>,
  owner: Frozen<T>,
  own: readonly Frozen<Pod>[],
  { lister }: ReconcileContext,
): readonly Frozen<Pod>[] {
  const above = controllerOf(owner)
  if (!above) return own
  const siblings = lister(kind.resource).controlledBy({ metadata: { uid: above.uid } })
  return siblings.flatMap((sibling) => lister(pods).controlledBy(sibling))
}

async function writeStatus<T extends KubeObject>(
  kind: ReplicaKind<T>,
  owner: Frozen<T>,
  claimed: readonly Frozen<Pod>[],
  failure: Failure | undefined,
  { client, env }: ReconcileContext,
): Promise<void> {
  const old = kind.status(owner)
  const { terminatingReplicas, ...counts } = replicaStatus(
    {
      generation: owner.metadata.generation ?? 0,
      replicas: kind.replicas(owner),
      minReadySeconds: kind.minReadySeconds(owner),
      templateLabels: kind.template(owner).metadata?.labels ?? {},
      conditions: (old?.conditions ?? []) as readonly Frozen<ReplicaSetCondition>[],
    },
    claimed,
    { failure: failure && messageOf(failure.error), now: env.clock.now() },
  )
  const status = kind.hasTerminatingCount ? { ...counts, terminatingReplicas } : counts
  if (old && semanticEqual(old, status)) return
  await client(kind.resource).updateStatus({ ...owner, status })
}
