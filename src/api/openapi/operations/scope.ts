import { apiVersionOf } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { GroupVersionKind } from '../model.ts'
import { operationId, tagOf } from '../naming.ts'
import { NAMESPACE, type Parameter } from '../parameters.ts'
import { OBJECT_MEDIA, type Method, type Operation } from './operation.ts'

/** The models that a resource's operations send and return. */
export interface ResourceModels {
  readonly object: string
  readonly list: string
}

/** The path of a group and version: `/api/v1`, `/apis/apps/v1`. */
export function groupVersionPath(gv: { readonly group: string; readonly version: string }): string {
  return `${gv.group === '' ? '/api' : '/apis'}/${apiVersionOf(gv)}`
}

/** One resource as its operations see it: where it is, and what is called what. */
export interface Scope {
  readonly definition: ResourceDefinition
  readonly models: ResourceModels
  /** Custom resources have fewer media types and no /watch/ paths. */
  readonly custom: boolean
  readonly gvk: GroupVersionKind
  /** `/apis/apps/v1`. */
  readonly base: string
  readonly collection: string
  /** What the path of the collection takes. */
  readonly parameters: readonly Parameter[]
  /** `Namespaced` or nothing, as operation IDs have it. */
  readonly prefix: string
  readonly media: readonly string[]
}

export function scopeOf(definition: ResourceDefinition, models: ResourceModels, custom: boolean): Scope {
  const { group, version, kind, plural } = definition
  const namespaced = definition.scope === 'Namespaced'
  const base = groupVersionPath(definition)
  return {
    definition,
    models,
    custom,
    gvk: { group, kind, version },
    base,
    collection: `${base}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`,
    parameters: namespaced ? [NAMESPACE] : [],
    prefix: namespaced ? 'Namespaced' : '',
    media: custom ? OBJECT_MEDIA.slice(0, 2) : OBJECT_MEDIA,
  }
}

/** What the operations of a resource have in common. `verb` and `suffix` make the operation's ID. */
export function operation(
  scope: Scope,
  named: { method: Method; path: string; action: string; verb: string; suffix: string; description: string },
): Operation {
  const { method, path, action, verb, suffix, description } = named
  return {
    method,
    path,
    id: operationId(verb, scope.gvk, suffix),
    description,
    tags: [tagOf(scope.gvk)],
    action,
    gvk: scope.gvk,
    parameters: [],
    consumes: scope.custom ? scope.media : ['*/*'],
    produces: scope.media,
    responses: [],
  }
}
