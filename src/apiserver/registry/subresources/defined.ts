import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { objectSubresource } from './object.ts'
import { scaleSubresource } from './scale.ts'
import type { Subresource } from './subresource.ts'

/** The subresources that follow from a definition's facts: status, scale, and those that have the object's own kind. */
export function definedSubresources(definition: ResourceDefinition): Record<string, Subresource> {
  const all: Record<string, Subresource> = {}
  if (definition.status) all['status'] = objectSubresource(['get', 'update', 'patch'])
  if (definition.scale) all['scale'] = scaleSubresource(definition.scale)
  for (const { name, verbs, kind = definition.kind } of definition.subresources) {
    if (kind === definition.kind && verbs.includes('update')) all[name] = objectSubresource(verbs)
  }
  return all
}
