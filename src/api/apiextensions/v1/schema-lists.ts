import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'

type Schema = Frozen<JSONSchemaProps>

const LIST_TYPE = 'x-kubernetes-list-type'
const MAP_TYPE = 'x-kubernetes-map-type'
const KEYS = 'x-kubernetes-list-map-keys'

/** How a list merges: as a whole, as a set, or as a map by the keys of its items. */
export function* validateListType(schema: Schema, path: string): Iterable<FieldError> {
  const { type = '', [LIST_TYPE]: listType, [KEYS]: keys = [] } = schema
  const items = itemsOf(schema)
  if (listType !== undefined && type !== 'array') {
    const text = `must be array if ${LIST_TYPE} is specified`
    yield type ? invalid(`${path}.type`, type, text) : required(`${path}.type`, text)
  } else if (listType === 'set' && items) yield* validateSetItems(items, `${path}.items`)
  const known = ['atomic', 'set', 'map']
  if (listType !== undefined && !known.includes(listType)) yield notSupported(`${path}.${LIST_TYPE}`, listType, known)
  if (keys.length > 0 && listType !== 'map') {
    const text = `must be map if ${KEYS} is non-empty`
    const field = `${path}.${LIST_TYPE}`
    yield listType === undefined ? required(field, text) : invalid(field, listType, text)
  }
  if (listType === 'map') yield* validateMap(schema, keys, path)
  if (items && (listType === 'map' || listType === 'set')) yield* validateEntries(items, listType, keys, path)
}

function itemsOf({ items }: Schema): Schema | undefined {
  return items && !Array.isArray(items) ? (items as Schema) : undefined
}

function* validateSetItems(items: Schema, path: string): Iterable<FieldError> {
  const { type, [LIST_TYPE]: listType, [MAP_TYPE]: mapType } = items
  const text = `must be atomic as item of a list with ${LIST_TYPE}=set`
  if (type === 'array' && listType !== undefined && listType !== 'atomic') {
    yield invalid(`${path}.${LIST_TYPE}`, listType, text)
  }
  if (type === 'object' && mapType !== 'atomic') yield invalid(`${path}.${MAP_TYPE}`, listType, text)
}

function* validateMap(schema: Schema, keys: readonly string[], path: string): Iterable<FieldError> {
  const field = `${path}.${KEYS}`
  const items = itemsOf(schema)
  if (keys.length === 0) yield required(field, `must not be empty if ${LIST_TYPE} is map`)
  if (!schema.items) yield required(`${path}.items`, `must have a schema if ${LIST_TYPE} is map`)
  if (!items) return
  if (items.type !== 'object') {
    const text = `must be object if parent array's ${LIST_TYPE} is map`
    return yield invalid(`${path}.items.type`, items.type ?? '', text)
  }
  for (const [index, key] of keys.entries()) {
    const property = items.properties?.[key]
    if (!property) yield invalid(field, keys, 'entries must all be names of item properties')
    else if (property.type === 'array' || property.type === 'object') {
      const text = `must be a scalar type if parent array's ${LIST_TYPE} is map`
      yield invalid(`${path}.items.properties[${key}].type`, items.type, text)
    }
    if (keys.indexOf(key) < index) yield invalid(field, keys, 'must not contain duplicate entries')
  }
}

/** Entries are there, and so are their keys. */
function* validateEntries(
  items: Schema,
  listType: string,
  keys: readonly string[],
  path: string,
): Iterable<FieldError> {
  if (items.nullable) {
    yield fieldForbidden(`${path}.items.nullable`, `cannot be nullable when ${LIST_TYPE} is ${listType}`)
  }
  if (listType !== 'map') return
  for (const key of keys) {
    const property = items.properties?.[key]
    if (!property) continue
    const at = `${path}.items.properties[${key}]`
    const so = `this property is in ${KEYS}, so it`
    if (!items.required?.includes(key) && property.default === undefined) {
      yield required(`${at}.default`, `${so} must have a default or be a required property`)
    }
    if (property.nullable) yield fieldForbidden(`${at}.nullable`, `${so} cannot be nullable`)
  }
}
