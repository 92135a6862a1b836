import { META, type GroupVersionKind } from '../model.ts'
import { articleFor, capital } from '../naming.ts'
import { metaParameters, nameParameter, PRETTY, type Parameter } from '../parameters.ts'
import { PATCH_MODEL } from '../scalars.ts'
import { responses, type Operation } from './operation.ts'
import { operation, type Scope } from './scope.ts'

/** What a path of one object serves: the object itself, or a subresource of some kind. */
export interface Item {
  /** Empty for the object itself. */
  readonly subresource: string
  readonly gvk: GroupVersionKind
  readonly model: string
  readonly verbs: readonly string[]
}

/** Read, replace, delete and patch. */
export function itemOperations(scope: Scope, item: Item): Operation[] {
  const { verbs } = item
  return [
    ...(verbs.includes('delete') ? [remove(scope, item)] : []),
    ...(verbs.includes('get') ? [read(scope, item)] : []),
    ...(verbs.includes('patch') ? [patch(scope, item)] : []),
    ...(verbs.includes('update') ? [replace(scope, item)] : []),
  ]
}

/** Where an object or subresource is, the end of its operations' IDs, and what its path takes. */
export function itemPath(scope: Scope, item: Item): { path: string; suffix: string; parameters: Parameter[] } {
  const { subresource, gvk } = item
  return {
    path: `${scope.collection}/{name}${subresource && `/${subresource}`}`,
    suffix: scope.prefix + scope.definition.kind + capital(subresource),
    parameters: [nameParameter(gvk.kind), ...scope.parameters, PRETTY],
  }
}

function read(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const description = `read ${theSpecified(scope, item)}`
  return {
    ...operation(scope, { method: 'get', path, action: 'get', verb: 'read', suffix, description }),
    gvk: item.gvk,
    parameters: [...parameters, ...(scope.custom ? metaParameters('GetOptions') : [])],
    responses: responses(item.model),
  }
}

function replace(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const description = `replace ${theSpecified(scope, item)}`
  return {
    ...operation(scope, { method: 'put', path, action: 'put', verb: 'replace', suffix, description }),
    gvk: item.gvk,
    parameters: [...parameters, ...metaParameters('UpdateOptions')],
    body: { model: item.model, required: true },
    responses: responses(item.model, 201),
  }
}

function patch(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const description = `partially update ${theSpecified(scope, item)}`
  return {
    ...operation(scope, { method: 'patch', path, action: 'patch', verb: 'patch', suffix, description }),
    gvk: item.gvk,
    parameters: [...parameters, ...metaParameters('PatchOptions')],
    body: { model: PATCH_MODEL, required: true },
    consumes: patchMedia(scope),
    responses: scope.custom ? responses(item.model) : responses(item.model, 201),
  }
}

function remove(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const { kind, returnsDeletedObject } = scope.definition
  const description = `delete ${articleFor(kind)}${kind}`
  return {
    ...operation(scope, { method: 'delete', path, action: 'delete', verb: 'delete', suffix, description }),
    gvk: item.gvk,
    parameters: [...parameters, ...metaParameters('DeleteOptions')],
    body: { model: `${META}.DeleteOptions`, required: false },
    responses: responses(returnsDeletedObject ? item.model : `${META}.Status`, 202),
  }
}

function theSpecified(scope: Scope, { subresource }: Item): string {
  return `${subresource ? `${subresource} of ` : ''}the specified ${scope.definition.kind}`
}

function patchMedia(scope: Scope): string[] {
  return [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(scope.custom ? [] : ['application/strategic-merge-patch+json']),
    'application/apply-patch+yaml',
  ]
}
