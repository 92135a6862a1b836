import { semanticEqual } from '../../apimachinery/equality.ts'
import {
  type FieldError,
  invalid,
  notSupported,
  quoteValue,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../../apimachinery/status.ts'
import { hasFormat } from './formats.ts'
import { additionalSchema, isObject, type JsonObject, type JsonSchema } from './json-schema.ts'

/** Checks a value against a schema, in the words of upstream's validator. `path` is the field's, '' for the whole object. */
export function* validateValue(value: unknown, schema: JsonSchema, path: string): Iterable<FieldError> {
  if (value === undefined) return
  const mismatch = typeError(value, schema, path)
  if (mismatch) {
    yield mismatch
    return
  }
  if (value === null) return
  yield* validateEnum(value, schema, path)
  if (typeof value === 'string') yield* validateString(value, schema, path)
  else if (typeof value === 'number' || typeof value === 'bigint') yield* validateNumber(Number(value), schema, path)
  else if (Array.isArray(value)) yield* validateList(value, schema, path)
  else if (isObject(value)) yield* validateObject(value, schema, path)
  yield* validateCombined(value, schema, path)
}

/** What JSON calls the type of a value. */
function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function typeError(value: unknown, schema: JsonSchema, path: string): FieldError | undefined {
  const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : []
  if (wanted.length === 0) return undefined
  const actual = typeOf(value)
  if (actual === 'null' && schema.nullable) return undefined
  if (wanted.includes(actual) || (actual === 'integer' && wanted.includes('number'))) return undefined
  return typeInvalid(path, actual, `${path} in body must be of type ${wanted.join(',')}: ${JSON.stringify(actual)}`)
}

function* validateEnum(value: unknown, { enum: allowed }: JsonSchema, path: string): Iterable<FieldError> {
  if (!allowed || allowed.some((one) => semanticEqual(one, value) && typeOf(one) === typeOf(value))) return
  yield notSupported(
    path,
    value,
    allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
  )
}

function* validateString(value: string, schema: JsonSchema, path: string): Iterable<FieldError> {
  const { minLength, maxLength, pattern, format } = schema
  const length = Array.from(value).length
  if (maxLength !== undefined && length > maxLength) yield tooLong(path, maxLength)
  if (minLength !== undefined && length < minLength) {
    yield invalid(path, value, `${path} in body should be at least ${minLength} chars long`)
  }
  if (pattern && !matchesPattern(value, pattern))
    yield invalid(path, value, `${path} in body should match '${pattern}'`)
  if (format && !hasFormat(value, format)) {
    yield invalid(path, value, `${path} in body must be of type ${format}: ${quoteValue(value)}`)
  }
}

/** Go's regular expressions are nearly JavaScript's; a pattern that is none here was refused with its CRD. */
function matchesPattern(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function* validateNumber(value: number, schema: JsonSchema, path: string): Iterable<FieldError> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const must = (what: string): FieldError => invalid(path, value, `${path} in body should be ${what}`)
  if (multipleOf && !Number.isInteger(value / multipleOf)) yield must(`a multiple of ${multipleOf}`)
  if (maximum !== undefined) {
    if (exclusiveMaximum && value >= maximum) yield must(`less than ${maximum}`)
    else if (value > maximum) yield must(`less than or equal to ${maximum}`)
  }
  if (minimum === undefined) return
  if (exclusiveMinimum && value <= minimum) yield must(`greater than ${minimum}`)
  else if (value < minimum) yield must(`greater than or equal to ${minimum}`)
}

function* validateList(value: readonly unknown[], schema: JsonSchema, path: string): Iterable<FieldError> {
  const { items, minItems, maxItems, uniqueItems } = schema
  if (items) for (const [index, item] of value.entries()) yield* validateValue(item, items, `${path}[${index}]`)
  if (minItems !== undefined && value.length < minItems) {
    yield invalid(path, value.length, `${path} in body should have at least ${minItems} items`)
  }
  if (maxItems !== undefined && value.length > maxItems) yield tooMany(path, value.length, maxItems)
  if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    yield invalid(path, '', `${path} in body shouldn't contain duplicates`)
  }
  yield* validateKeys(value, schema, path)
}

/** Sets and maps that are lists hold no element twice. */
function* validateKeys(value: readonly unknown[], schema: JsonSchema, path: string): Iterable<FieldError> {
  const listType = schema['x-kubernetes-list-type']
  if (listType !== 'set' && listType !== 'map') return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  for (const [index, item] of value.entries()) {
    const key =
      listType === 'set'
        ? item
        : Object.fromEntries(keys.map((name) => [name, isObject(item) ? item[name] : undefined]))
    const text = JSON.stringify(key)
    if (seen.has(text)) {
      yield { type: 'FieldValueDuplicate', field: `${path}[${index}]`, message: `Duplicate value: ${quoteValue(key)}` }
    }
    seen.add(text)
  }
}

function* validateObject(value: JsonObject, schema: JsonSchema, path: string): Iterable<FieldError> {
  const { properties = {}, minProperties, maxProperties } = schema
  const count = Object.keys(value).length
  if (minProperties !== undefined && count < minProperties) {
    yield invalid(path, count, `${path} in body should have at least ${minProperties} properties`)
  }
  if (maxProperties !== undefined && count > maxProperties) yield tooMany(path, count, maxProperties)
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name) || value[name] === undefined) yield required(child(path, name))
  }
  const further = additionalSchema(schema)
  for (const [name, field] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : further
    if (property) yield* validateValue(field, property, child(path, name))
  }
}

function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function* validateCombined(value: unknown, schema: JsonSchema, path: string): Iterable<FieldError> {
  const { allOf, anyOf, oneOf, not } = schema
  const errors = (one: JsonSchema): FieldError[] => [...validateValue(value, one, path)]
  const quoted = JSON.stringify(path)
  if (anyOf) {
    const results = anyOf.map(errors)
    if (!results.some((found) => found.length === 0)) {
      yield invalid(path, '', `${quoted} must validate at least one schema (anyOf)`)
      yield* fewest(results)
    }
  }
  if (oneOf) {
    const results = oneOf.map(errors)
    const valid = results.filter((found) => found.length === 0).length
    if (valid !== 1) {
      const what = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
      yield invalid(path, '', `${quoted} must validate one and only one schema (oneOf). ${what}`)
      if (valid === 0) yield* fewest(results)
    }
  }
  if (allOf) {
    const results = allOf.map(errors)
    for (const found of results) yield* found
    if (results.some((found) => found.length > 0)) {
      const none = results.every((found) => found.length > 0) ? '. None validated' : ''
      yield invalid(path, '', `${quoted} must validate all the schemas (allOf)${none}`)
    }
  }
  if (not && errors(not).length === 0) yield invalid(path, '', `${quoted} must not validate the schema (not)`)
}

/** Of several alternatives, what is wrong with the one that fits best. */
function fewest(results: readonly FieldError[][]): readonly FieldError[] {
  return results.toSorted((a, b) => a.length - b.length)[0] ?? []
}
