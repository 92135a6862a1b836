import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ParamRef } from '../../generated/types/admissionregistration/v1.ts'

/** Which parameters a policy binding uses, for tables. */
export function paramRefCell(ref: Frozen<ParamRef> | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`
  return ref?.selector ? formatLabelSelector(ref.selector) : '<unset>'
}
