import type { StatefulSet } from '../../api/generated/types/apps/v1.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/generated/types/core/v1.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { keyOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, type ReconcileContext, type Result } from '../../client/controller.ts'
import { syncHistory, templateOf, truncateHistory, type History } from '../history/revisions.ts'
import { claim } from '../ownership/claim.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { nextAvailabilityMs } from '../pods/availability.ts'
import { isNamespaceTerminating, messageOf } from '../pods/write.ts'
import { claimsOf, ordinalOf, revisionOf, statefulPod } from './identity.ts'
import { claimOwners, isLeftToGo } from './retention.ts'
import { planSteps, statefulStatus, type Scene, type Step } from './plan.ts'

const HASH_LABEL = 'controller.kubernetes.io/hash'

/** Keeps the pods of each StatefulSet, each with its own name and volumes, in order. */
export const statefulSetController = defineController({
  name: 'statefulset',
  for: statefulSets,
  owns: [pods, controllerRevisions],
  watches: [orphanWatch(pods, statefulSets, selectsPod)],
  reads: [persistentVolumeClaims],
  indexes: [orphanIndex(pods), orphanIndex(controllerRevisions)],
  coalesceMs: 20,
  async reconcile(key, context) {
    const set = context.lister(statefulSets).get(key)
    return set ? sync(set, context) : done
  },
})

function selectsPod({ spec }: Frozen<StatefulSet>, { metadata }: Frozen<KubeObject>): boolean {
  return matches(spec.selector, metadata.labels)
}

async function sync(set: Frozen<StatefulSet>, context: ReconcileContext): Promise<Result> {
  const owned = { matches: (object: Frozen<KubeObject>) => selectsPod(set, object) }
  const collisionCount = set.status?.collisionCount ?? 0
  const found = await claim<StatefulSet, Pod>(
    {
      owner: set,
      ownerResource: statefulSets,
      resource: pods,
      // A pod is the set's by its name too.
      matches: (pod) => selectsPod(set, pod) && ordinalOf(set, pod) !== undefined,
    },
    context,
  )
  const history = await syncHistory(
    {
      resource: statefulSets,
      owner: set,
      template: set.spec.template,
      hashLabel: HASH_LABEL,
      collisionCount,
      ...owned,
    },
    context,
  )
  const update = history.present.metadata.name ?? ''
  const known = history.revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision)
  const scene: Scene = {
    set,
    pods: found,
    current: known?.metadata.name ?? update,
    update,
    now: context.env.clock.now(),
  }
  try {
    if (!set.metadata.deletionTimestamp) {
      for (const pod of found) await keepClaimOwners(set, pod, context)
      for (const step of planSteps(scene)) await take(step, scene, history, context)
    }
  } finally {
    await writeStatus(scene, history.collisionCount, context)
  }
  await cleanUp(scene, history, context)
  const availableMs = nextAvailabilityMs(found, set.spec.minReadySeconds ?? 0, scene.now)
  return availableMs === undefined ? done : { requeueAfterMs: availableMs }
}

async function take(step: Step, scene: Scene, history: History, context: ReconcileContext): Promise<void> {
  const { set } = scene
  if (step.action === 'create') return create(step, scene, history, context)
  if (step.why === 'ended') tellOfEnded(step.pod, set, context)
  const { name } = step.pod.metadata
  try {
    await context.client(pods).delete(step.pod)
    tell(
      set,
      'Normal',
      'SuccessfulDelete',
      `Delete Pod ${name} in StatefulSet ${set.metadata.name} successful`,
      context,
    )
  } catch (error) {
    if (hasReason(error, 'NotFound')) return
    const message = `Delete Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`
    tell(set, 'Warning', 'FailedDelete', message, context)
    throw error
  }
}

function tellOfEnded({ metadata, status }: Frozen<Pod>, set: Frozen<StatefulSet>, context: ReconcileContext): void {
  const isFailed = status?.phase === 'Failed'
  const message = `StatefulSet ${keyOf(set)} is recreating ${isFailed ? 'failed' : 'terminated'} Pod ${metadata.name}`
  tell(
    set,
    isFailed ? 'Warning' : 'Normal',
    isFailed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod',
    message,
    context,
  )
}

async function create(
  { ordinal, revision }: Extract<Step, { action: 'create' }>,
  { set, current, update }: Scene,
  history: History,
  context: ReconcileContext,
): Promise<void> {
  const name = revision === 'current' ? current : update
  const stored = history.revisions.find(({ metadata }) => metadata.name === name)
  const template = stored ? templateOf(stored) : set.spec.template
  const pod = statefulPod(set, ordinal, { template, revision: name })
  await createClaims(set, ordinal, context)
  try {
    await context.client(pods).create(pod)
    tell(
      set,
      'Normal',
      'SuccessfulCreate',
      `Create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
      context,
    )
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    const message = `Create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`
    tell(set, 'Warning', 'FailedCreate', message, context)
    throw error
  }
}

async function createClaims(set: Frozen<StatefulSet>, ordinal: number, context: ReconcileContext): Promise<void> {
  for (const wanted of claimsOf(set, ordinal)) {
    const existing = context.lister(persistentVolumeClaims).get(keyOf(wanted))
    const claim = `Create Claim ${wanted.metadata.name}`
    const pod = `Pod ${set.metadata.name}-${ordinal} in StatefulSet ${set.metadata.name}`
    if (existing?.metadata.deletionTimestamp) throw new Error(`pvc ${wanted.metadata.name} is being deleted`)
    if (existing && isLeftToGo(existing, set, `${set.metadata.name}-${ordinal}`))
      throw new Error(`pvc ${wanted.metadata.name} goes with an earlier pod`)
    if (existing) continue
    try {
      await context.client(persistentVolumeClaims).create(wanted)
      tell(set, 'Normal', 'SuccessfulCreate', `${claim} ${pod} success`, context)
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) continue
      tell(set, 'Warning', 'FailedCreate', `${claim} for ${pod} failed error: ${messageOf(error)}`, context)
      throw error
    }
  }
}

/** Before a pod is taken away, too: what goes with it has to be known by then. */
async function keepClaimOwners(set: Frozen<StatefulSet>, pod: Frozen<Pod>, context: ReconcileContext): Promise<void> {
  const ordinal = ordinalOf(set, pod)
  if (ordinal === undefined) return
  for (const template of claimsOf(set, ordinal)) {
    const claim = context.lister(persistentVolumeClaims).get(keyOf(template))
    if (!claim) continue
    const { wanted, isOthers } = claimOwners(claim, set, pod)
    if (isOthers) {
      const message =
        `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, ` +
        'the retention policy is ignored for this claim'
      tell(set, 'Warning', 'ConflictingController', message, context)
    }
    if (!wanted) continue
    const metadata = { ...claim.metadata, ownerReferences: wanted }
    await context.client(persistentVolumeClaims).update({ ...claim, metadata } as PersistentVolumeClaim)
  }
}

async function writeStatus(scene: Scene, collisionCount: number, { client }: ReconcileContext): Promise<void> {
  const status = statefulStatus(scene, collisionCount)
  if (semanticEqual(status, scene.set.status)) return
  await client(statefulSets).updateStatus({ ...scene.set, status } as StatefulSet)
}

async function cleanUp(
  { set, current, update, pods: found }: Scene,
  history: History,
  context: ReconcileContext,
): Promise<void> {
  const live = new Set([current, update, ...found.map(revisionOf)])
  await truncateHistory(
    history,
    ({ metadata }) => live.has(metadata.name ?? ''),
    set.spec.revisionHistoryLimit ?? 10,
    context,
  )
}

function tell(
  set: Frozen<StatefulSet>,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  { events }: ReconcileContext,
): void {
  events.event(set, type, reason, message)
}
