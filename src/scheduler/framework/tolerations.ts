import type { Frozen } from '../../apimachinery/meta.ts'
import type { Toleration } from '../../api/generated/types/core/v1.ts'

/** Whether the toleration covers the taint (core/v1 helper ToleratesTaint, with the Gt and Lt operators of KEP-5471). */
export function toleratesTaint(
  toleration: Frozen<Toleration>,
  taint: { readonly key: string; readonly value?: string; readonly effect: string },
): boolean {
  if (toleration.effect && String(toleration.effect) !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (String(toleration.operator ?? '')) {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    default:
      return false
  }
}
