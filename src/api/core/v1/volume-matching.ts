import { matches } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { compareQuantity, parseQuantity } from '../../../apimachinery/quantity/quantity.ts'
import type { PersistentVolume, PersistentVolumeClaim, TopologySelectorTerm } from '../../generated/types/core/v1.ts'
import { STORAGE_CLASS_ANNOTATION } from './storage-class-annotation.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Volume = Frozen<PersistentVolume>

/** The annotations that binding is kept in. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'

/** The class of a claim or a volume: the old annotation's, if it has one. Empty for none. */
export function classOf({ metadata, spec }: Claim | Volume): string {
  return metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? ''
}

/** Whether the claim says anything of a class, be it that it wants none. */
export function hasClass({ metadata, spec }: Claim): boolean {
  return metadata.annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined || spec.storageClassName !== undefined
}

/** Whether the volume is this claim's, or kept for it by name. */
export function isBoundTo({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean {
  if (claimRef?.name !== metadata.name || claimRef?.namespace !== metadata.namespace) return false
  return !claimRef?.uid || claimRef.uid === metadata.uid
}

/** Why this volume can't be what the claim asks for by name, in upstream's words. */
export function whyUnfit(volume: Volume, claim: Claim): string | undefined {
  if (volume.metadata.deletionTimestamp)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small'
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match'
  if (!sameAttributes(volume, claim)) return 'volumeAttributesClassName does not match'
  if (!sameMode(volume, claim)) return 'incompatible volumeMode'
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode'
}

export interface MatchOptions {
  /** Only volumes that are the claim's already: the scheduler chooses among the others. */
  readonly boundOnly?: boolean
  /** Names of volumes that another claim is to get. */
  readonly taken?: ReadonlySet<string>
  /** Whether the volume can be reached where it is needed. */
  readonly reachable?: (volume: Volume) => boolean
}

/** The volume that a claim gets: the one kept for it, else the smallest that will do, with no more access modes than need be. */
export function findVolume(
  claim: Claim,
  volumes: readonly Volume[],
  { boundOnly = false, taken, reachable = () => true }: MatchOptions = {},
): Volume | undefined {
  const fitting = volumes.filter(
    (volume) =>
      !taken?.has(volume.metadata.name ?? '') &&
      !volume.metadata.deletionTimestamp &&
      (!volume.spec.claimRef || isBoundTo(volume, claim)) &&
      isLargeEnough(volume, claim) &&
      sameMode(volume, claim) &&
      sameAttributes(volume, claim) &&
      hasAccessModes(volume, claim),
  )
  const own = fitting.find((volume) => isBoundTo(volume, claim))
  if (own) return reachable(own) ? own : undefined
  if (boundOnly) return undefined
  const { selector } = claim.spec
  return fitting
    .filter(
      (volume) =>
        volume.status?.phase === 'Available' &&
        classOf(volume) === classOf(claim) &&
        (!selector || matches(selector, volume.metadata.labels)) &&
        reachable(volume),
    )
    .toSorted(closestFirst)[0]
}

function closestFirst(a: Volume, b: Volume): number {
  const modes = (a.spec.accessModes?.length ?? 0) - (b.spec.accessModes?.length ?? 0)
  return modes || compareQuantity(capacityOf(a), capacityOf(b))
}

const capacityOf = ({ spec }: Volume) => parseQuantity(String(spec.capacity?.['storage'] ?? '0'))

function isLargeEnough(volume: Volume, { spec }: Claim): boolean {
  const wanted = parseQuantity(String(spec.resources?.requests?.['storage'] ?? '0'))
  return compareQuantity(capacityOf(volume), wanted) >= 0
}

function sameMode(volume: Volume, claim: Claim): boolean {
  return (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem')
}

function sameAttributes(volume: Volume, claim: Claim): boolean {
  return (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '')
}

function hasAccessModes(volume: Volume, claim: Claim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode))
}

/** Whether a class that is allowed in these places may have a volume on a node with these labels. */
export function matchesTopology(
  terms: readonly Frozen<TopologySelectorTerm>[] | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (!terms || terms.length === 0) return true
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels?.[key] ?? '')),
  )
}
