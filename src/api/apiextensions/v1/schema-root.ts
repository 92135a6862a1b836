import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import type { JsonSchema } from '../../../apimachinery/structural/json-schema.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'
import { goSchema } from './go-schema.ts'
import { validateDefaults } from './schema-defaults.ts'
import { validateRules } from './schema-rules.ts'
import { validateSchema } from './schema-validate.ts'
import { validateStructural } from './structural.ts'

/** What the root may have next to a status subresource, under the names that upstream's message gives. */
const AT_ROOT: Readonly<Record<string, string>> = {
  description: 'Description',
  type: 'Type',
  format: 'Format',
  title: 'Title',
  maximum: 'Maximum',
  exclusiveMaximum: 'ExclusiveMaximum',
  minimum: 'Minimum',
  exclusiveMinimum: 'ExclusiveMinimum',
  maxLength: 'MaxLength',
  minLength: 'MinLength',
  pattern: 'Pattern',
  maxItems: 'MaxItems',
  minItems: 'MinItems',
  uniqueItems: 'UniqueItems',
  multipleOf: 'MultipleOf',
  required: 'Required',
  items: 'Items',
  properties: 'Properties',
  externalDocs: 'ExternalDocs',
  example: 'Example',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
}

/** The schema of a version. */
export function* validateRootSchema(
  schema: Frozen<JSONSchemaProps>,
  hasStatus: boolean,
  path: string,
): Iterable<FieldError> {
  if (hasStatus) yield* validateWithStatus(schema, path)
  if (schema.nullable) yield fieldForbidden(`${path}.nullable`, 'nullable cannot be true at the root')
  const structural = validateStructural(schema, path)
  yield* structural
  // Defaults are only looked at in a schema that says what they are to be.
  if (structural.length === 0) yield* validateDefaults(schema as JsonSchema, path)
  yield* validateSchema(schema, path)
}

/**
 * The rules of a version's schema. They are looked at only where the schema itself is well. `unchanged`: the schema was
 * accepted before, and may go on costing what it does.
 */
export function validateSchemaRules(schema: Frozen<JSONSchemaProps>, path: string, unchanged: boolean): FieldError[] {
  if (validateStructural(schema, path).length > 0) return []
  if ([...validateDefaults(schema as JsonSchema, path)].length > 0) return []
  return validateRules(schema as JsonSchema, path, [...validateSchema(schema, path)], unchanged)
}

function* validateWithStatus(schema: Frozen<JSONSchemaProps>, path: string): Iterable<FieldError> {
  const when = 'if the status subresource is enabled'
  if (schema.type && schema.type !== 'object') {
    const text = `only "object" is allowed as the type at the root of the schema ${when}`
    yield invalid(`${path}.type`, schema.type, text)
  } else if (Object.entries(schema).some(([key, value]) => !AT_ROOT[key] && isGiven(value))) {
    const allowed = `[${Object.values(AT_ROOT).join(' ')}]`
    yield invalid(path, goSchema(schema), `only ${allowed} fields are allowed at the root of the schema ${when}`)
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false && value !== ''
