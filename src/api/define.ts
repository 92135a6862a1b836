import type { KubeObject } from '../apimachinery/meta.ts'
import { completeResource, type ResourceDefinition, type ResourceSpec } from '../apimachinery/resource.ts'
import { schemaFor } from './schema-for.ts'
import { fillZeros } from './zeros.ts'

/** A built-in kind: as ResourceSpec, with upstream's OpenAPI model name (`io.k8s.api.core.v1.Pod`) for its schema. */
export type BuiltInSpec<T extends KubeObject> = Omit<ResourceSpec<T>, 'schema'> & { readonly schema: string }

/**
 * Defines a built-in kind. Its schema is looked up among the generated ones when it is first needed. Before a kind's own
 * defaults, fields that Go holds by value get their zeros, so that all later code may rely on what the generated types
 * call required; lists and maps stay absent when they are.
 */
export function defineResource<T extends KubeObject>(spec: BuiltInSpec<T>): ResourceDefinition<T> {
  const definition: ResourceDefinition<T> = completeResource<T>({
    ...spec,
    schema: () => schemaFor(spec.schema),
    defaults(draft, context) {
      fillZeros(definition.schema, draft as unknown as Record<string, unknown>)
      spec.defaults?.(draft, context)
    },
  } as ResourceSpec<T>)
  return definition
}
