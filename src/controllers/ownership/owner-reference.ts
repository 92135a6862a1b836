import { apiVersionOf, type Frozen, type KubeObject, type OwnerReference } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'

/** The reference of what `owner` controls: deleting the owner in the foreground waits for it. */
export function controllerReference(
  resource: Pick<ResourceDefinition, 'group' | 'version' | 'kind'>,
  { metadata }: Frozen<KubeObject>,
): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}
