import type { Frozen, KubeObject, OwnerReference } from '../../apimachinery/meta.ts'
import { DELETE_DEPENDENTS, ORPHAN_DEPENDENTS } from './graph.ts'

/** How an owner reference stands. */
export type OwnerState =
  /** The owner is there, and stays. */
  | 'solid'
  /** There is no such owner. */
  | 'dangling'
  /** The owner is being deleted in the foreground. */
  | 'waiting'

export interface JudgedReference {
  readonly reference: Frozen<OwnerReference>
  readonly state: OwnerState
}

export type Verdict =
  | { readonly action: 'keep' }
  /** Some owners are gone, others are there: only the references to the former go. */
  | { readonly action: 'dropReferences'; readonly keep: readonly Frozen<OwnerReference>[] }
  | {
      readonly action: 'delete'
      readonly policy: 'Orphan' | 'Background' | 'Foreground'
      /** It waits itself for a dependent that waits for it in turn: its references must stop blocking. */
      readonly unblock: boolean
    }

/**
 * What becomes of an object with these owners. One with a solid owner stays. One without is deleted; in the foreground
 * if its owner is, and it has dependents itself, else as its own finalizers ask.
 * @param dependents whether it has any, and whether one of them waits in the foreground already (a circle)
 */
export function judge(
  { metadata }: Frozen<KubeObject>,
  references: readonly JudgedReference[],
  dependents: { readonly any: boolean; readonly waiting: boolean },
): Verdict {
  if (references.length === 0) return { action: 'keep' }
  const solid = references.filter(({ state }) => state === 'solid')
  if (solid.length === references.length) return { action: 'keep' }
  if (solid.length > 0) return { action: 'dropReferences', keep: solid.map(({ reference }) => reference) }
  const ownerWaits = references.some(({ state }) => state === 'waiting')
  if (ownerWaits && dependents.any) return { action: 'delete', policy: 'Foreground', unblock: dependents.waiting }
  const finalizers = metadata.finalizers ?? []
  const policy = finalizers.includes(ORPHAN_DEPENDENTS)
    ? 'Orphan'
    : finalizers.includes(DELETE_DEPENDENTS)
      ? 'Foreground'
      : 'Background'
  return { action: 'delete', policy, unblock: false }
}
