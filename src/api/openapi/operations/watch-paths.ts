import { META } from '../model.ts'
import { metaParameters, NAMESPACE, nameParameter, PRETTY } from '../parameters.ts'
import { responses, STREAM_MEDIA, type Operation } from './operation.ts'
import { operation, type Scope } from './scope.ts'

/** The deprecated /watch/ paths, which custom resources don't have. */
export function watchPathOperations(scope: Scope): Operation[] {
  const { definition, base, custom, prefix } = scope
  const { verbs, plural, kind } = definition
  if (custom || !verbs.includes('watch')) return []
  const namespaced = definition.scope === 'Namespaced'
  const collection = `${base}/watch${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`
  const everywhere = `${base}/watch/${plural}`
  return [
    ...(namespaced ? [watch(scope, everywhere, 'watchlist', `${kind}ListForAllNamespaces`)] : []),
    watch(scope, collection, 'watchlist', `${prefix}${kind}List`),
    watch(scope, `${collection}/{name}`, 'watch', prefix + kind),
  ]
}

const DEPRECATED = "deprecated: use the 'watch' parameter with a list operation instead"

function watch(scope: Scope, path: string, action: 'watch' | 'watchlist', suffix: string): Operation {
  const { kind } = scope.definition
  const description =
    action === 'watchlist'
      ? `watch individual changes to a list of ${kind}. ${DEPRECATED}.`
      : `watch changes to an object of kind ${kind}. ${DEPRECATED}, filtered to a single item with the 'fieldSelector' parameter.`
  return {
    ...operation(scope, { method: 'get', path, action, verb: 'watch', suffix, description }),
    parameters: [
      ...(action === 'watch' ? [nameParameter(kind)] : []),
      ...(path.includes('{namespace}') ? [NAMESPACE] : []),
      ...metaParameters('ListOptions'),
      PRETTY,
    ],
    produces: STREAM_MEDIA,
    responses: responses(`${META}.WatchEvent`),
  }
}
