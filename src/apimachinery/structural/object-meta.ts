import { type FieldError, invalid } from '../status.ts'
import { additionalSchema, isObject, type JsonObject, type JsonSchema } from './json-schema.ts'

/** Go's types of the fields of ObjectMeta, as its errors name them. */
const FIELDS: Readonly<Record<string, string>> = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  selfLink: 'string',
  uid: 'types.UID',
  resourceVersion: 'string',
  generation: 'int64',
  deletionGracePeriodSeconds: 'int64',
  labels: 'map[string]string',
  annotations: 'map[string]string',
  ownerReferences: '[]v1.OwnerReference',
  finalizers: '[]string',
  managedFields: '[]v1.ManagedFieldsEntry',
}

/** The first of the embedded objects in a value that says not in the right types what it is. */
export function objectMetaProblem(
  value: unknown,
  schema: JsonSchema | undefined,
  path: string,
): FieldError | undefined {
  if (!schema) return undefined
  if (Array.isArray(value)) {
    return first(value.entries(), ([index, item]) => objectMetaProblem(item, schema.items, `${path}[${index}]`))
  }
  if (!isObject(value)) return undefined
  const own = schema['x-kubernetes-embedded-resource'] ? resourceProblem(value, path) : undefined
  if (own) return own
  const { properties = {} } = schema
  return first(Object.entries(value), ([name, field]) => {
    const isKnown = Object.hasOwn(properties, name)
    const nested = isKnown ? properties[name] : additionalSchema(schema)
    return objectMetaProblem(field, nested, isKnown ? `${path}.${name}` : `${path}[${name}]`)
  })
}

function first<T>(items: Iterable<T>, find: (item: T) => FieldError | undefined): FieldError | undefined {
  for (const item of items) {
    const found = find(item)
    if (found) return found
  }
  return undefined
}

function resourceProblem(object: JsonObject, path: string): FieldError | undefined {
  for (const name of ['apiVersion', 'kind']) {
    const value = object[name]
    if (value !== undefined && typeof value !== 'string') return invalid(`${path}.${name}`, value, 'must be a string')
  }
  const { metadata } = object
  if (metadata === undefined || metadata === null) return undefined
  const text = isObject(metadata) ? fieldProblem(metadata) : `Go value of type v1.ObjectMeta`
  if (text === undefined) return undefined
  const what = isObject(metadata) ? '' : `${goKind(metadata)} into `
  return invalid(`${path}.metadata`, metadata, `json: cannot unmarshal ${what}${text}`)
}

function fieldProblem(metadata: JsonObject): string | undefined {
  for (const [name, value] of Object.entries(metadata)) {
    const type = FIELDS[name]
    if (type === undefined || value === null) continue
    if (!isOfType(value, type)) return `${goKind(value)} into Go struct field ObjectMeta.${name} of type ${type}`
    if (!type.endsWith(']string') || !isObject(value)) continue
    const odd = Object.values(value).find((one) => typeof one !== 'string' && one !== null)
    if (odd !== undefined) return `${goKind(odd)} into Go struct field ObjectMeta.${name} of type string`
  }
  return undefined
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'int64') return typeof value === 'bigint' || Number.isSafeInteger(value)
  if (type.startsWith('map')) return isObject(value)
  return type.startsWith('[]') ? Array.isArray(value) : typeof value === 'string'
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value
}
