import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'
import { validateMetadataSchema } from './schema-metadata.ts'
import { validateCompleteness, validateLogic } from './structural-logic.ts'

type Schema = Frozen<JSONSchemaProps>
type Level = 'root' | 'item' | 'field'

/** ValidateStructural: what is allowed is said by one tree of types, which logic only narrows. In order of the texts. */
export function validateStructural(schema: Schema, path: string): FieldError[] {
  const errors = [...validateNode(schema, 'root', path), ...validateCompleteness(schema, path)]
  const texts = new Map(errors.map((error) => [`${error.field}: ${error.message}`, error]))
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, error]) => error)
}

const OF_LEVEL: Readonly<Record<Level, string>> = {
  root: 'at the root',
  item: 'for specified array items',
  field: 'for specified object fields',
}

function* validateNode(schema: Schema, level: Level, path: string): Iterable<FieldError> {
  const { type = '', items, properties = {}, additionalProperties: values } = schema
  if (type === 'array' && !items) yield required(`${path}.items`, 'must be specified')
  if (items && !Array.isArray(items)) yield* validateNode(items as Schema, 'item', `${path}.items`)
  for (const [name, property] of Object.entries(properties)) {
    yield* validateNode(property, 'field', `${path}.properties[${name}]`)
  }
  if (values !== undefined) {
    if (level === 'root') yield fieldForbidden(`${path}.additionalProperties`, 'must not be used at the root')
    if (typeof values === 'object') yield* validateNode(values, 'field', `${path}.additionalProperties`)
  }
  yield* validateExtensions(schema, path)
  yield* validateLogic(schema, path)
  yield* validateType(schema, level, path)
  const embeds = schema['x-kubernetes-embedded-resource'] ?? false
  if (embeds && values !== undefined) {
    const text = 'must not be used if x-kubernetes-embedded-resource is set'
    yield fieldForbidden(`${path}.additionalProperties`, text)
  }
  yield* validateMetadataSchema(properties, level === 'root', embeds, path)
  if (embeds && !schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(properties).length === 0) {
    const text =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    yield required(`${path}.properties`, text)
  }
}

function* validateType(schema: Schema, level: Level, path: string): Iterable<FieldError> {
  const { type = '' } = schema
  const field = `${path}.type`
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true'
    yield type ? invalid(field, type, text) : required(field, text)
  } else if (!type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) {
    yield required(field, `must not be empty ${OF_LEVEL[level]}`)
  }
  if (level === 'root' && type && type !== 'object') yield invalid(field, type, 'must be object at the root')
}

function* validateExtensions(schema: Schema, path: string): Iterable<FieldError> {
  if (!schema['x-kubernetes-int-or-string']) return
  for (const other of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[other]) yield invalid(`${path}.${other}`, true, 'must be false if x-kubernetes-int-or-string is true')
  }
}
