import type { AdmissionAttributes } from './types.ts'

/** Whether a pod itself is written, not one of its subresources. */
export function isPodWrite({ definition, kind, subresource, object }: AdmissionAttributes): boolean {
  if (definition.group !== '' || definition.plural !== 'pods' || subresource !== '' || object === undefined)
    return false
  // A Binding may be posted to where pods are.
  return kind.kind === 'Pod'
}
