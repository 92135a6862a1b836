import { hasMarker } from './go/markers.ts'
import { constantValue, type ApiType, type Upstream } from './upstream.ts'

/** The values of a `+enum` string type, sorted as upstream publishes them; undefined for any other type. */
export function enumValues(upstream: Upstream, type: ApiType): string[] | undefined {
  return hasMarker(type.doc, 'enum') ? constantsOf(upstream, type) : undefined
}

/** The constants of a string type, sorted, without repetition. */
export function constantsOf(upstream: Upstream, type: ApiType): string[] {
  const constants = type.package.consts.filter((c) => c.type === type.name)
  const values = constants.flatMap((c) => constantValue(upstream, type.package, c) ?? [])
  return [...new Set(values)].sort()
}
