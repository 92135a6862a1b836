import type { AdmissionAttributes } from './types.ts'

/** Whether a pod itself is written, not one of its subresources. */
export function isPodWrite({ definition, subresource, object }: AdmissionAttributes): boolean {
  return definition.group === '' && definition.plural === 'pods' && subresource === '' && object !== undefined
}
