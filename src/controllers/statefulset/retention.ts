import type { StatefulSet } from '../../api/generated/types/apps/v1.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/generated/types/core/v1.ts'
import { pods, statefulSets } from '../../api/index.ts'
import type { Frozen, KubeObject, OwnerReference } from '../../apimachinery/meta.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { ordinalOf, ordinalRange } from './identity.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Reference = Frozen<OwnerReference>

/** The owners of a claim after its set's retention policy has been looked at. */
export interface ClaimOwners {
  /** What they should be; undefined when they are right, or somebody else's to change. */
  readonly wanted?: readonly Reference[]
  /** Another controller has the claim: the policy does not hold for it. */
  readonly isOthers: boolean
}

/**
 * Who is to own a pod's claim: the set where claims go with it, the pod where they go with pods that scaling takes away and it is one of
 * them. So the garbage collector deletes the claim at the right time.
 */
export function claimOwners(claim: Claim, set: Frozen<StatefulSet>, pod: Frozen<Pod>): ClaimOwners {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  const ofSet = controllerReference(statefulSets, set)
  const ofPod = controllerReference(pods, pod)
  const now = claim.metadata.ownerReferences ?? []
  // Of an earlier set or pod of the name: the garbage collector is at work.
  if (now.some((owner) => isFormer(owner, ofSet) || isFormer(owner, ofPod))) return { isOthers: false }
  const isOurs = (owner: Reference): boolean => owner.uid === ofSet.uid || owner.uid === ofPod.uid
  const others = now.filter((owner) => !isOurs(owner))
  const keepsAll = whenDeleted === 'Retain' && whenScaled === 'Retain'
  if (!keepsAll && others.some(({ controller }) => controller === true))
    return { isOthers: true, ...(others.length < now.length && { wanted: others }) }
  const isCondemned = whenScaled === 'Delete' && !isInRange(set, pod)
  const own = isCondemned ? ofPod : whenDeleted === 'Delete' ? ofSet : undefined
  const wanted = own ? [...others, own] : others
  return { isOthers: false, ...(!sameOwners(now, wanted) && { wanted }) }
}

/** Whether the claim goes with a pod of this name that is gone already: the next pod gets one of its own. */
export function isLeftToGo({ metadata }: Claim, set: Frozen<StatefulSet>, podName: string): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false
  return metadata.ownerReferences?.some(({ kind, name }) => kind === 'Pod' && name === podName) === true
}

const isFormer = (owner: Reference, now: OwnerReference): boolean =>
  owner.apiVersion === now.apiVersion && owner.kind === now.kind && owner.name === now.name && owner.uid !== now.uid

function isInRange(set: Frozen<StatefulSet>, pod: Frozen<KubeObject>): boolean {
  const ordinal = ordinalOf(set, pod as Frozen<Pod>) ?? -1
  const { first, end } = ordinalRange(set)
  return ordinal >= first && ordinal < end
}

function sameOwners(now: readonly Reference[], wanted: readonly Reference[]): boolean {
  const text = (owners: readonly Reference[]): string =>
    owners.map(({ uid, controller }) => `${uid} ${controller === true}`).join()
  return text(now) === text(wanted)
}
