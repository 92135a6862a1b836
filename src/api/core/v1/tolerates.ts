import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Taint, Toleration } from '../../generated/types/core/v1.ts'

/** Whether the toleration covers the taint (core/v1 helper ToleratesTaint). */
export function tolerates(toleration: Frozen<Toleration>, taint: Frozen<Taint>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  const { operator = 'Equal' } = toleration
  if (operator === 'Exists') return true
  return operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? '')
}
