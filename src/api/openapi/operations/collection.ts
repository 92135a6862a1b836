import { META } from '../model.ts'
import { articleFor } from '../naming.ts'
import { metaParameters, PRETTY } from '../parameters.ts'
import { responses, STREAM_MEDIA, type Operation } from './operation.ts'
import { operation, type Scope } from './scope.ts'

/** List, create and delete-collection, and for a namespaced resource the list over all namespaces. */
export function collectionOperations(scope: Scope): Operation[] {
  const { verbs, scope: reach } = scope.definition
  const everywhere = reach === 'Namespaced' && verbs.includes('list')
  return [
    ...(verbs.includes('deletecollection') ? [deleteCollection(scope)] : []),
    ...(verbs.includes('list') ? [list(scope, scope.collection, false)] : []),
    ...(verbs.includes('create') ? [create(scope)] : []),
    ...(everywhere ? [list(scope, `${scope.base}/${scope.definition.plural}`, true)] : []),
  ]
}

function list(scope: Scope, path: string, everywhere: boolean): Operation {
  const { kind, verbs } = scope.definition
  return {
    ...operation(scope, {
      method: 'get',
      path,
      action: 'list',
      verb: 'list',
      suffix: everywhere ? `${kind}ForAllNamespaces` : scope.prefix + kind,
      description: `list ${verbs.includes('watch') ? 'or watch ' : ''}objects of kind ${kind}`,
    }),
    parameters: [...(everywhere ? [] : scope.parameters), ...metaParameters('ListOptions'), PRETTY],
    produces: scope.custom ? scope.media : STREAM_MEDIA,
    responses: responses(scope.models.list),
  }
}

function create(scope: Scope): Operation {
  const { kind } = scope.definition
  return {
    ...operation(scope, {
      method: 'post',
      path: scope.collection,
      action: 'post',
      verb: 'create',
      suffix: scope.prefix + kind,
      description: `create ${articleFor(kind)}${kind}`,
    }),
    parameters: [...scope.parameters, ...metaParameters('CreateOptions'), PRETTY],
    body: { model: scope.models.object, required: true },
    responses: responses(scope.models.object, 201, 202),
  }
}

/** What a list takes but for watching, and what a delete takes; upstream has only the former for custom resources. */
function deleteCollection(scope: Scope): Operation {
  const { kind } = scope.definition
  const selects = metaParameters('ListOptions').filter(({ name }) => !/^(watch|allowWatchBookmarks)$/.test(name))
  return {
    ...operation(scope, {
      method: 'delete',
      path: scope.collection,
      action: 'deletecollection',
      verb: 'delete',
      suffix: `Collection${scope.prefix}${kind}`,
      description: `delete collection of ${kind}`,
    }),
    parameters: [
      ...scope.parameters,
      ...(scope.custom ? metaParameters('ListOptions') : [...selects, ...metaParameters('DeleteOptions')]),
      PRETTY,
    ],
    ...(!scope.custom && { body: { model: `${META}.DeleteOptions`, required: false } }),
    responses: responses(`${META}.Status`),
  }
}
