import type { PublishedResource } from '../model.ts'
import { collectionOperations } from './collection.ts'
import { itemOperations } from './item.ts'
import type { Operation } from './operation.ts'
import { scopeOf, type ResourceModels } from './scope.ts'
import { subresourceOperations } from './subresources.ts'
import { watchPathOperations } from './watch-paths.ts'

export { discoveryOperations, groupOperations, serverOperations, versionOperations } from './discovery.ts'
export type { Operation } from './operation.ts'
export { groupVersionPath, type ResourceModels } from './scope.ts'

/** Every operation on a resource, at the paths that upstream has. */
export function operationsOf({ definition, custom }: PublishedResource, models: ResourceModels): Operation[] {
  const scope = scopeOf(definition, models, custom !== undefined)
  return [
    ...collectionOperations(scope),
    ...itemOperations(scope, { subresource: '', gvk: scope.gvk, model: models.object, verbs: definition.verbs }),
    ...subresourceOperations(scope),
    ...watchPathOperations(scope),
  ]
}
