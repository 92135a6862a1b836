import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { isDns1123Label } from '../../../apimachinery/validation/names.ts'
import type { NonResourcePolicyRule, ResourcePolicyRule } from '../../generated/types/flowcontrol/v1.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

/** ValidateFlowSchemaResourcePolicyRule. */
export function* validateResourceRule(rule: Frozen<ResourcePolicyRule>, path: string): Iterable<FieldError> {
  yield* validateVerbs(rule.verbs ?? [], `${path}.verbs`)
  const needed = (what: string): string => `resource rules must supply at least one ${what}`
  yield* validateList(rule.apiGroups ?? [], `${path}.apiGroups`, needed('api group'), 'api groups')
  yield* validateList(rule.resources ?? [], `${path}.resources`, needed('resource'), 'resources')
  const { namespaces = [] } = rule
  const field = `${path}.namespaces`
  if (namespaces.length === 0 && !rule.clusterScope) {
    yield required(field, 'resource rules that are not cluster scoped must supply at least one namespace')
  } else if (namespaces.includes('*')) yield* onlyWildcard(namespaces, field, 'namespaces')
  else {
    for (const [index, namespace] of namespaces.entries()) {
      for (const text of isDns1123Label(namespace)) {
        const intro = "each member of this list must be '*' or a DNS-1123 label; "
        yield invalid(`${field}[${index}]`, namespace, intro + text)
      }
    }
  }
}

/** ValidateFlowSchemaNonResourcePolicyRule. */
export function* validateNonResourceRule(rule: Frozen<NonResourcePolicyRule>, path: string): Iterable<FieldError> {
  yield* validateVerbs(rule.verbs ?? [], `${path}.verbs`)
  const urls = rule.nonResourceURLs ?? []
  const field = `${path}.nonResourceURLs`
  yield* validateList(urls, field, 'nonResourceURLs must contain at least one value', 'non-resource URLs')
  if (urls.includes('*')) return
  for (const [index, url] of urls.entries()) {
    const problem = urlProblem(url)
    if (problem) yield invalid(`${field}[${index}]`, url, problem)
  }
}

function* validateVerbs(verbs: readonly string[], path: string): Iterable<FieldError> {
  yield* validateList(verbs, path, 'verbs must contain at least one value', 'verbs')
  if (!verbs.includes('*') && verbs.some((verb) => !VERBS.includes(verb))) yield notSupported(path, verbs, VERBS)
}

function* validateList(
  values: readonly string[],
  path: string,
  whenEmpty: string,
  others: string,
): Iterable<FieldError> {
  if (values.length === 0) yield required(path, whenEmpty)
  else if (values.includes('*')) yield* onlyWildcard(values, path, others)
}

function* onlyWildcard(values: readonly string[], path: string, others: string): Iterable<FieldError> {
  if (values.length > 1) yield invalid(path, values, `if '*' is present, must not specify other ${others}`)
}

/** ValidateNonResourceURLPath. */
function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const stars = url.split('*').length - 1
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}
