import type { Frozen, KubeObject, OwnerReference } from '../../../apimachinery/meta.ts'

/** Empty when it has none. */
export function ownersOf(object: Frozen<KubeObject> | undefined): readonly Frozen<OwnerReference>[] {
  return object?.metadata?.ownerReferences ?? []
}

/** The owners that `object` blocks from being deleted, and `old` did not. */
export function newlyBlocking(
  object: Frozen<KubeObject>,
  old: Frozen<KubeObject> | undefined,
): Frozen<OwnerReference>[] {
  const before = new Map(ownersOf(old).map((owner) => [owner.uid, owner.blockOwnerDeletion === true]))
  return ownersOf(object).filter((owner) => owner.blockOwnerDeletion === true && before.get(owner.uid) !== true)
}
