import type { KubeObject } from '../apimachinery/meta.ts'
import { completeResource, type ResourceDefinition } from '../apimachinery/resource.ts'

/** A kind known by name alone, such as one that discovery told of. */
export interface DynamicResource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

/** A definition good enough for a client, informer or lister of a kind that is not built in. Its schema keeps everything. */
export function dynamicResource<T extends KubeObject = KubeObject>(resource: DynamicResource): ResourceDefinition<T> {
  return completeResource<T>({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    schema: { kind: 'struct', name: '', fields: new Map(), preserveUnknown: true },
  })
}
