import type { Frozen, ObjectMeta } from '../meta.ts'
import { type FieldError, invalid, required } from '../status.ts'
import { validateObjectMeta } from '../validation/meta.ts'
import { isDns1035Label, isPathSegmentName, isPathSegmentPrefix, type NameCheck } from '../validation/names.ts'
import { additionalSchema, isObject, type JsonObject, type JsonSchema } from './json-schema.ts'

/** Whole objects inside an object (x-kubernetes-embedded-resource): they say what they are, and their metadata is right. */
export function* validateEmbedded(value: unknown, schema: JsonSchema | undefined, path = ''): Iterable<FieldError> {
  if (!schema) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* validateEmbedded(item, schema.items, `${path}[${index}]`)
  }
  if (!isObject(value)) return
  if (schema['x-kubernetes-embedded-resource']) yield* validateResource(value, path)
  const { properties = {} } = schema
  const further = additionalSchema(schema)
  for (const [name, field] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) yield* validateEmbedded(field, properties[name], child(path, name))
    else if (further) yield* validateEmbedded(field, further, `${path}[${name}]`)
  }
}

/** Whether there is anything to look for. */
export function hasEmbedded(schema: JsonSchema | undefined): boolean {
  if (!schema) return false
  if (schema['x-kubernetes-embedded-resource']) return true
  return [...Object.values(schema.properties ?? {}), schema.items, additionalSchema(schema)].some(hasEmbedded)
}

function child(path: string, name: string): string {
  return path ? `${path}.${name}` : name
}

const segment: NameCheck = (name, prefix) => (prefix ? isPathSegmentPrefix(name) : isPathSegmentName(name))

function* validateResource(object: JsonObject, path: string): Iterable<FieldError> {
  for (const name of ['apiVersion', 'kind']) {
    if (!Object.hasOwn(object, name)) yield required(child(path, name))
  }
  const { apiVersion, kind, metadata } = object
  if (apiVersion !== undefined) yield* validateText(apiVersion, child(path, 'apiVersion'), groupVersionProblem)
  if (kind !== undefined) yield* validateText(kind, child(path, 'kind'), kindProblem)
  if (!isObject(metadata)) return
  const meta = metadata as Frozen<ObjectMeta>
  const named = { ...meta, name: meta.name || 'fakename' }
  yield* validateObjectMeta(named, { namespaced: Boolean(meta.namespace), name: segment }, child(path, 'metadata'))
}

function* validateText(
  value: unknown,
  path: string,
  problem: (text: string) => string | undefined,
): Iterable<FieldError> {
  if (typeof value !== 'string') return yield invalid(path, value, 'must be a string')
  const text = value === '' ? 'must not be empty' : problem(value)
  if (text !== undefined) yield invalid(path, value, text)
}

function groupVersionProblem(text: string): string | undefined {
  return text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined
}

function kindProblem(kind: string): string | undefined {
  const wrong = isDns1035Label(kind.toLowerCase())
  return wrong.length > 0 ? `may have mixed case, but should otherwise match: ${wrong.join(',')}` : undefined
}
