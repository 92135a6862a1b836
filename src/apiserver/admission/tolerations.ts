import type { Toleration } from '../../api/generated/types/core/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** Both lists without what another of them includes; of equals the first stays (upstream's MergeTolerations). */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second]
  const merged: Toleration[] = []
  for (const [index, one] of all.entries()) {
    if (merged.some((other) => includes(other, one))) continue
    if (all.slice(index + 1).some((other) => !semanticEqual(one, other) && includes(other, one))) continue
    merged.push(one)
  }
  return merged
}

/** Whether `wide` tolerates all that `narrow` does. */
export function includes(wide: Frozen<Toleration>, narrow: Frozen<Toleration>): boolean {
  if (semanticEqual(wide, narrow)) return true
  const anyKey = !wide.key && wide.operator === 'Exists'
  if ((narrow.key ?? '') !== (wide.key ?? '') && !anyKey) return false
  if (wide.effect && narrow.effect !== wide.effect) return false
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false
  }
  if (wide.operator === 'Exists') return true
  return narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '')
}
