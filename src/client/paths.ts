import { apiVersionOf } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'

/** What of a definition a path needs. */
export type PathResource = Pick<ResourceDefinition, 'group' | 'version' | 'plural' | 'scope'>

/** Names one object, or a part of it. */
export interface PathTarget {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** `/apis/apps/v1/namespaces/default/replicasets/web/status`. Without a name: the collection. */
export function resourcePath(resource: PathResource, { namespace, name, subresource }: PathTarget = {}): string {
  let path = `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`
  if (namespace && resource.scope === 'Namespaced') path += `/namespaces/${segment(namespace)}`
  path += `/${resource.plural}`
  if (name !== undefined) path += `/${segment(name)}`
  if (subresource) path += `/${subresource}`
  return path
}

export type QueryValue = string | number | boolean | undefined

/** `?a=1&b=x`, or nothing when no value is set. Undefined and empty values are left out. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  let query = ''
  for (const name in values) {
    const value = values[name]
    if (value === undefined || value === '') continue
    query += `${query ? '&' : '?'}${name}=${encodeURIComponent(value)}`
  }
  return query
}

/** Most names need no escaping, and a test is cheaper than escaping. */
const PLAIN = /^[\w.-]+$/

function segment(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text)
}
