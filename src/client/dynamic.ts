import type { KubeObject } from '../apimachinery/meta.ts'
import { completeResource, type ResourceDefinition } from '../apimachinery/resource.ts'
import { Lru } from '../lib/lru.ts'

/** A kind known by name alone, such as one that discovery told of. */
export interface DynamicResource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

const REMEMBERED = 1024
const definitions = new Lru<string, ResourceDefinition>(REMEMBERED)

/**
 * A definition good enough for a client, informer or lister of a kind that is not built in. Its schema keeps everything. The same
 * resource gets the same definition while it is in use, for what is kept by definition.
 */
export function dynamicResource<T extends KubeObject = KubeObject>(resource: DynamicResource): ResourceDefinition<T> {
  const { group, version, kind, plural, namespaced } = resource
  const key = [group, version, kind, plural, namespaced].join('/')
  let definition = definitions.get(key)
  if (!definition) {
    definition = completeResource({
      group,
      version,
      kind,
      plural,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      schema: { kind: 'struct', name: '', fields: new Map(), preserveUnknown: true },
    })
    definitions.set(key, definition)
  }
  return definition as ResourceDefinition<T>
}
