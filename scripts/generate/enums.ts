import { hasMarker } from './go/markers.ts'
import type { ApiType } from './upstream.ts'

/** The values of a `+enum` string type, sorted as upstream publishes them; undefined for any other type. */
export function enumValues(type: ApiType): string[] | undefined {
  if (!hasMarker(type.doc, 'enum')) return undefined
  return constantsOf(type)
}

/** The constants of a string type, sorted, without repetition. */
export function constantsOf(type: ApiType): string[] {
  const values = type.package.consts.filter((c) => c.type === type.name).map((c) => c.value)
  return [...new Set(values)].sort()
}
