import type { KubeObject } from '../apimachinery/meta.ts'
import { completeResource, type ResourceDefinition, type ResourceSpec } from '../apimachinery/resource.ts'
import { schemaFor } from './schema-for.ts'

/** A built-in kind: as ResourceSpec, with upstream's OpenAPI model name (`io.k8s.api.core.v1.Pod`) for its schema. */
export type BuiltInSpec<T extends KubeObject> = Omit<ResourceSpec<T>, 'schema'> & { readonly schema: string }

/** Defines a built-in kind. Its schema is looked up among the generated ones when it is first needed. */
export function defineResource<T extends KubeObject>(spec: BuiltInSpec<T>): ResourceDefinition<T> {
  return completeResource<T>({ ...spec, schema: () => schemaFor(spec.schema) } as ResourceSpec<T>)
}
