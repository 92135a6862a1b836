import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import type { JsonSchema } from '../../../apimachinery/structural/json-schema.ts'
import { validFieldPath } from '../../../apimachinery/structural/rules/field-path.ts'
import type { JSONSchemaProps, ValidationRule } from '../../generated/types/apiextensions/v1.ts'
import { validateListType } from './schema-lists.ts'

type Schema = Frozen<JSONSchemaProps>

/** What the place of a schema means for it. */
interface Place {
  readonly isRoot: boolean
  readonly insideMeta: boolean
  /** Why there may be no default; undefined where there may. */
  readonly noDefault?: string
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** ValidateCustomResourceDefinitionOpenAPISchema, but for what expressions say. */
export function* validateSchema(
  schema: Schema,
  path: string,
  place: Place = { isRoot: true, insideMeta: false },
): Iterable<FieldError> {
  const nested: Place = { ...place, isRoot: false }
  yield* validateWords(schema, place, path)
  if (schema.uniqueItems) {
    const text = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    yield fieldForbidden(`${path}.uniqueItems`, text)
  }
  yield* validateFields(schema, place, path)
  for (const word of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, branch] of (schema[word] ?? []).entries()) {
      yield* validateSchema(branch, `${path}.${word}[${index}]`, nested)
    }
  }
  if (schema.not) yield* validateSchema(schema.not, `${path}.not`, nested)
  const { items } = schema
  if (items && !Array.isArray(items)) yield* validateSchema(items as Schema, `${path}.items`, nested)
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    yield invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')
  }
  yield* validateMapType(schema, path)
  yield* validateListType(schema, path)
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    yield* validateRule(rule, schema, `${path}.x-kubernetes-validations[${index}]`)
  }
}

const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const

function* validateWords(schema: Schema, place: Place, path: string): Iterable<FieldError> {
  const { type = '', items } = schema
  if (type && !TYPES.includes(type)) yield notSupported(`${path}.type`, type, TYPES)
  if (schema.default !== undefined && place.noDefault !== undefined) {
    yield fieldForbidden(`${path}.default`, `must not be set ${place.noDefault}`)
  }
  for (const word of UNSUPPORTED) {
    if (schema[word] !== undefined && schema[word] !== '') {
      yield fieldForbidden(`${path}.${word}`, `${word} is not supported`)
    }
  }
  if (type === 'null') {
    yield fieldForbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative')
  }
  if (Array.isArray(items)) yield fieldForbidden(`${path}.items`, 'items must be a schema object and not an array')
  if (place.insideMeta && schema['x-kubernetes-embedded-resource']) {
    yield fieldForbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta')
  }
}

const META = new Set(['metadata', 'kind', 'apiVersion'])

function* validateFields(schema: Schema, place: Place, path: string): Iterable<FieldError> {
  const { properties = {}, additionalProperties: values } = schema
  const nested: Place = { ...place, isRoot: false }
  if (values !== undefined && values !== true && Object.keys(properties).length > 0) {
    const text = 'additionalProperties and properties are mutual exclusive'
    yield fieldForbidden(`${path}.additionalProperties`, text)
  }
  if (typeof values === 'object') {
    const noDefault = 'inside additionalProperties applying to object metadata'
    yield* validateSchema(values, `${path}.additionalProperties`, place.insideMeta ? { ...nested, noDefault } : nested)
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = META.has(name) && (place.isRoot || schema['x-kubernetes-embedded-resource'] === true)
    const inMeta: Place = { ...nested, insideMeta: true, ...(place.isRoot && { noDefault: `in top-level ${name}` }) }
    yield* validateSchema(property, `${path}.properties[${name}]`, isMeta ? inMeta : nested)
  }
}

function* validateMapType(schema: Schema, path: string): Iterable<FieldError> {
  const { type = '', 'x-kubernetes-map-type': mapType } = schema
  if (mapType === undefined) return
  const text = 'must be object if x-kubernetes-map-type is specified'
  if (!type) yield required(`${path}.type`, text)
  else if (type !== 'object') yield invalid(`${path}.type`, type, text)
  const known = ['atomic', 'granular']
  if (!known.includes(mapType)) yield notSupported(`${path}.x-kubernetes-map-type`, mapType, known)
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text)

function* validateRule(validation: Frozen<ValidationRule>, schema: Schema, path: string): Iterable<FieldError> {
  const { rule, message = '', messageExpression = '', reason, fieldPath = '' } = validation
  const blank = 'must be non-empty if specified'
  const broken = 'must not contain line breaks'
  if (!rule.trim()) yield required(`${path}.rule`, 'rule is not specified')
  else if (message && !message.trim()) yield invalid(`${path}.message`, message, blank)
  else if (hasLineBreak(message.trim())) yield invalid(`${path}.message`, message, broken)
  else if (hasLineBreak(rule.trim()) && !message.trim()) {
    yield required(`${path}.message`, 'message must be specified if rule contains line breaks')
  }
  if (messageExpression && !messageExpression.trim()) {
    yield required(`${path}.messageExpression`, `messageExpression ${blank}`)
  }
  if (reason !== undefined && !REASONS.includes(reason)) yield notSupported(`${path}.reason`, reason, REASONS)
  if (fieldPath && !fieldPath.trim()) yield invalid(`${path}.fieldPath`, fieldPath, blank)
  if (hasLineBreak(fieldPath)) yield invalid(`${path}.fieldPath`, fieldPath, broken)
  if (fieldPath && !validFieldPath(fieldPath, schema as JsonSchema).valid) {
    yield invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path')
  }
}
