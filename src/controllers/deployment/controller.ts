import { isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { Deployment, DeploymentStatus } from '../../api/generated/types/apps/v1.ts'
import { deployments, pods, replicaSets } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { controllerOf, type Frozen } from '../../apimachinery/meta.ts'
import { defineController, done, watches, type ReconcileContext, type Result } from '../../client/controller.ts'
import { claim } from '../ownership/claim.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { isNamespaceTerminating } from '../pods/write.ts'
import { planRolling, planScaling, isScalingEvent, setsBeyondHistory, type Resize } from './plan.ts'
import { REVISION } from './revision.ts'
import { Rollout } from './rollout.ts'
import { desired, isActive, isRollingUpdate, size, total, type Set } from './sizes.ts'
import { countStatus, isComplete, notePause, progressCheckMs, rolloutStatus } from './status.ts'

/** Rolls out the template of each Deployment through its ReplicaSets. */
export const deploymentController = defineController({
  name: 'deployment',
  for: deployments,
  owns: [replicaSets],
  watches: [
    orphanWatch(replicaSets, deployments, selectsReplicaSet),
    watches({
      resource: pods,
      // A Recreate deployment goes on when the last old pod has gone.
      keys(now, old, { lister }) {
        const reference = !now && old && controllerOf(old)
        if (!reference || reference.kind !== 'ReplicaSet') return []
        const set = lister(replicaSets).get(`${old.metadata.namespace}/${reference.name}`)
        const owner = set && controllerOf(set)
        const key = owner && `${old.metadata.namespace}/${owner.name}`
        const deployment = key && lister(deployments).get(key)
        return deployment && !isRollingUpdate(deployment) ? [key] : []
      },
    }),
  ],
  indexes: [orphanIndex(replicaSets)],
  coalesceMs: 20,
  async reconcile(key, context) {
    const deployment = context.lister(deployments).get(key)
    if (!deployment) return done
    try {
      return await reconcile(deployment, context)
    } catch (error) {
      if (isNamespaceTerminating(error)) return done
      throw error
    }
  },
})

function selectsReplicaSet({ spec }: Frozen<Deployment>, set: Pick<Set, 'metadata'>): boolean {
  return matches(spec.selector, set.metadata.labels)
}

async function reconcile(d: Frozen<Deployment>, context: ReconcileContext): Promise<Result> {
  if (semanticEqual(d.spec.selector, {})) return refuseToSelectAll(d, context)
  const sets = await claim(
    { owner: d, ownerResource: deployments, resource: replicaSets, matches: (set) => selectsReplicaSet(d, set) },
    context,
  )
  const rollout = new Rollout(d, sets, context)
  if (d.metadata.deletionTimestamp) return finish(rollout, countStatus)
  const now = context.env.clock.now()
  rollout.conditions = notePause(d, rollout.conditions, now)
  try {
    await rollout.syncNewSet()
    if (d.spec.paused || isScalingEvent(d, rollout.sets)) {
      await rollout.resize(planScaling(d, rollout.newSet, rollout.oldSets))
      if (d.spec.paused) await deleteHistory(rollout)
      return await finish(rollout, countStatus)
    }
    await (isRollingUpdate(d) ? rollRolling(rollout) : rollRecreate(rollout))
  } catch (error) {
    await writeStatus(rollout, { ...d.status, ...rollout.unwritten })
    throw error
  }
  return finish(rollout, rolloutStatus)
}

async function refuseToSelectAll(d: Frozen<Deployment>, { client, events }: ReconcileContext): Promise<Result> {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  events.event(d, 'Warning', 'SelectingAll', message)
  const { generation = 0 } = d.metadata
  if ((d.status?.observedGeneration ?? 0) < generation)
    await client(deployments).updateStatus({ ...d, status: { ...d.status, observedGeneration: generation } })
  return done
}

async function rollRolling(rollout: Rollout): Promise<void> {
  const newSet = await rollout.createNewSet()
  const steps = planRolling(rollout.deployment, newSet, rollout.oldSets)
  await rollout.resize(steps)
  if (steps.length === 0 && isComplete(rollout.deployment, rollout.deployment.status ?? {}))
    await deleteHistory(rollout)
}

async function rollRecreate(rollout: Rollout): Promise<void> {
  const { deployment, oldSets } = rollout
  const steps: Resize[] = oldSets.filter(isActive).map((set) => ({ set, to: 0 }))
  await rollout.resize(steps)
  if (steps.length > 0 || hasOldPods(rollout)) return
  const newSet = await rollout.createNewSet()
  if (size(newSet) !== desired(deployment)) await rollout.resize([{ set: newSet, to: desired(deployment) }])
  else if (isComplete(deployment, deployment.status ?? {})) await deleteHistory(rollout)
}

/** Whether a pod of an old replica set may still run. */
function hasOldPods({ oldSets, context }: Rollout): boolean {
  if (total(oldSets, (set) => set.status?.replicas ?? 0) > 0) return true
  return oldSets.some((set) =>
    context
      .lister(pods)
      .controlledBy(set)
      .some((pod) => !isPodTerminal(pod)),
  )
}

async function deleteHistory({ deployment, oldSets, context }: Rollout): Promise<void> {
  for (const set of setsBeyondHistory(deployment, oldSets)) await context.client(replicaSets).delete(set)
}

async function finish(rollout: Rollout, statusOf: typeof rolloutStatus): Promise<Result> {
  const { deployment, newSet, sets, conditions, collisionCount, context } = rollout
  const now = context.env.clock.now()
  const status = statusOf(deployment, { newSet, sets, conditions, collisionCount, now })
  await writeStatus(rollout, status)
  const requeueAfterMs = progressCheckMs(deployment, status, now)
  return requeueAfterMs === undefined ? done : { requeueAfterMs }
}

/** Writes the status, and with it the revision that the deployment has come to, if either has changed. */
async function writeStatus(rollout: Rollout, status: Frozen<DeploymentStatus>): Promise<void> {
  const { deployment, revision, context } = rollout
  const { annotations } = deployment.metadata
  const isNewRevision = revision !== undefined && annotations?.[REVISION] !== revision
  if (!isNewRevision && semanticEqual(deployment.status, status)) return
  const metadata = isNewRevision
    ? { ...deployment.metadata, annotations: { ...annotations, [REVISION]: revision } }
    : deployment.metadata
  await context.client(deployments).updateStatus({ ...deployment, metadata, status })
}
