import type { Frozen } from '../../../apimachinery/meta.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'

/** The fields of upstream's own form of a schema, in its order, with what each is when it is not set. */
const FIELDS: readonly (readonly [string, unknown])[] = [
  ['ID', ''],
  ['Schema', ''],
  ['Ref', null],
  ['Description', ''],
  ['Type', ''],
  ['Nullable', false],
  ['Format', ''],
  ['Title', ''],
  ['Default', null],
  ['Maximum', null],
  ['ExclusiveMaximum', false],
  ['Minimum', null],
  ['ExclusiveMinimum', false],
  ['MaxLength', null],
  ['MinLength', null],
  ['Pattern', ''],
  ['MaxItems', null],
  ['MinItems', null],
  ['UniqueItems', false],
  ['MultipleOf', null],
  ['Enum', null],
  ['MaxProperties', null],
  ['MinProperties', null],
  ['Required', null],
  ['Items', null],
  ['AllOf', null],
  ['OneOf', null],
  ['AnyOf', null],
  ['Not', null],
  ['Properties', null],
  ['AdditionalProperties', null],
  ['PatternProperties', null],
  ['Dependencies', null],
  ['AdditionalItems', null],
  ['Definitions', null],
  ['ExternalDocs', null],
  ['Example', null],
  ['XPreserveUnknownFields', null],
  ['XEmbeddedResource', false],
  ['XIntOrString', false],
  ['XListMapKeys', null],
  ['XListType', null],
  ['XMapType', null],
  ['XValidations', null],
]

const JSON_NAMES: Readonly<Record<string, string>> = {
  ID: 'id',
  Schema: '$schema',
  Ref: '$ref',
  XPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  XEmbeddedResource: 'x-kubernetes-embedded-resource',
  XIntOrString: 'x-kubernetes-int-or-string',
  XListMapKeys: 'x-kubernetes-list-map-keys',
  XListType: 'x-kubernetes-list-type',
  XMapType: 'x-kubernetes-map-type',
  XValidations: 'x-kubernetes-validations',
}

/** A schema as upstream's messages print it: every field of the Go struct, by its Go name. */
export function goSchema(schema: Frozen<JSONSchemaProps> | undefined): unknown {
  if (!schema) return null
  const given = schema as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    FIELDS.map(([name, unset]) => [name, printed(name, given[JSON_NAMES[name] ?? uncapitalized(name)]) ?? unset]),
  )
}

function printed(name: string, value: unknown): unknown {
  if (value === undefined) return undefined
  switch (name) {
    case 'Not':
      return goSchema(value as JSONSchemaProps)
    case 'AllOf':
    case 'AnyOf':
    case 'OneOf':
      return (value as JSONSchemaProps[]).map(goSchema)
    case 'Properties':
    case 'PatternProperties':
    case 'Definitions':
      return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, goSchema(one as never)]))
    case 'Items':
      return Array.isArray(value)
        ? { Schema: null, JSONSchemas: value.map((one) => goSchema(one as JSONSchemaProps)) }
        : { Schema: goSchema(value as JSONSchemaProps), JSONSchemas: null }
    case 'AdditionalProperties':
    case 'AdditionalItems':
      return typeof value === 'boolean'
        ? { Allows: value, Schema: null }
        : { Allows: true, Schema: goSchema(value as JSONSchemaProps) }
    case 'ExternalDocs':
    case 'XValidations':
      return capitalized(value)
    default:
      return value
  }
}

function uncapitalized(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** A value with its fields by their Go names; null for none. */
export function capitalized<T>(value: T | null | undefined, form?: (value: T) => unknown): unknown {
  if (value === null || value === undefined) return null
  if (form) return form(value)
  if (Array.isArray(value)) return value.map((one: unknown) => capitalized(one))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key === 'jsonPath' ? 'JSONPath' : key.charAt(0).toUpperCase() + key.slice(1),
      capitalized(one),
    ]),
  )
}
