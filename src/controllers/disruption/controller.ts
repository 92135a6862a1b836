import { conditionOf, setPodCondition } from '../../api/core/v1/pod-conditions.ts'
import type { Pod, PodStatus } from '../../api/generated/types/core/v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/generated/types/policy/v1.ts'
import {
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { keyOf, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ReconcileContext, type Result } from '../../client/controller.ts'
import { messageOf } from '../pods/write.ts'
import { budgetStatus, DELETION_TIMEOUT_MS, expectation, failedStatus, needsScale, openEvictions } from './plan.ts'
import { expectedScale } from './scale.ts'

/** Keys of pods that were to be disrupted, and may not have been. */
const POD_KEY = 'pod/'

/** Keeps the status of PodDisruptionBudgets: how many pods may be evicted now. */
export const disruptionController = defineController({
  name: 'disruption',
  component: 'controllermanager',
  for: podDisruptionBudgets,
  watches: [
    watches({
      resource: pods,
      *keys(now, old, { lister, enqueue }): Generator<ObjectKey> {
        if (now && isDisrupted(now) && !(old && isDisrupted(old)))
          enqueue(`${POD_KEY}${keyOf(now)}`, DELETION_TIMEOUT_MS)
        for (const pdb of lister(podDisruptionBudgets).list((now ?? old)?.metadata.namespace ?? ''))
          if ((now && covers(pdb, now)) || (old && covers(pdb, old))) yield keyOf(pdb)
      },
    }),
  ],
  reads: [deployments, replicaSets, replicationControllers, statefulSets],
  coalesceMs: 20,
  async reconcile(key, context) {
    if (key.startsWith(POD_KEY)) return clearStaleDisruption(key.slice(POD_KEY.length), context)
    const pdb = context.lister(podDisruptionBudgets).get(key)
    return pdb ? syncBudget(pdb, context) : done
  },
})

function covers({ spec }: Frozen<PodDisruptionBudget>, { metadata }: Frozen<Pod>): boolean {
  return matches(spec.selector, metadata.labels)
}

async function syncBudget(pdb: Frozen<PodDisruptionBudget>, context: ReconcileContext): Promise<Result> {
  const covered = context
    .lister(pods)
    .list(pdb.metadata.namespace ?? '')
    .filter((pod) => covers(pdb, pod))
  if (covered.length === 0) context.events.event(pdb, 'Normal', 'NoPods', 'No matching pods found')
  const now = context.env.clock.now()
  try {
    const { scale, unmanaged } = needsScale(pdb) ? await expectedScale(covered, context) : { scale: 0, unmanaged: [] }
    if (unmanaged.length > 0) warnOfUnmanaged(pdb, unmanaged, context)
    const { disrupted, failed, nextMs } = openEvictions(pdb, covered, now)
    for (const pod of failed) {
      const message = `Pod was expected by PDB ${keyOf(pdb)} to be deleted but it wasn't`
      context.events.event(pod, 'Warning', 'NotDeleted', message)
    }
    await writeStatus(
      pdb,
      budgetStatus(pdb, covered, { ...expectation(pdb, covered.length, scale), disrupted, now }),
      context,
    )
    return nextMs === undefined ? done : { requeueAfterMs: nextMs }
  } catch (error) {
    if (hasReason(error, 'Conflict', 'NotFound')) throw error
    const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`
    context.events.event(pdb, 'Warning', 'CalculateExpectedPodCountFailed', message)
    await writeStatus(pdb, failedStatus(pdb, messageOf(error), now), context)
    throw error
  }
}

function warnOfUnmanaged(
  pdb: Frozen<PodDisruptionBudget>,
  unmanaged: readonly Frozen<Pod>[],
  { events }: ReconcileContext,
): void {
  const names = unmanaged.map(({ metadata }) => metadata.name).join(', ')
  const message = `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(pdb.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value. Unmanaged pods: ${names}`
  events.event(pdb, 'Warning', 'UnmanagedPods', message)
}

async function writeStatus(
  pdb: Frozen<PodDisruptionBudget>,
  status: Frozen<PodDisruptionBudgetStatus>,
  { client }: ReconcileContext,
): Promise<void> {
  if (semanticEqual(status, pdb.status)) return
  await client(podDisruptionBudgets).updateStatus({ ...pdb, status } as PodDisruptionBudget)
}

function isDisrupted({ metadata, status }: Frozen<Pod>): boolean {
  return !metadata.deletionTimestamp && conditionOf(status?.conditions, 'DisruptionTarget')?.status === 'True'
}

/** A pod that was to be disrupted and is still there after two minutes is no longer said to be. */
async function clearStaleDisruption(key: ObjectKey, { lister, client, env }: ReconcileContext): Promise<Result> {
  const pod = lister(pods).get(key)
  const condition = pod && isDisrupted(pod) ? conditionOf(pod.status?.conditions, 'DisruptionTarget') : undefined
  if (!pod || !condition) return done
  const leftMs = Date.parse(condition.lastTransitionTime ?? '') + DELETION_TIMEOUT_MS - env.clock.now()
  if (leftMs > 0) return { requeueAfterMs: leftMs }
  const status = structuredClone(pod.status ?? {}) as PodStatus
  setPodCondition(status, { type: 'DisruptionTarget', status: 'False' }, env.clock.now())
  const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: status.conditions } }
  await client(pods).patch(pod, 'strategic', patch, { subresource: 'status' })
  return done
}
