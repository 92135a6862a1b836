import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, required, tooMany } from '../../../apimachinery/status.ts'
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'

const MAX = 8

/** ValidateCustomResourceSelectableFields: paths of scalars that the schema knows, outside metadata. */
export function* validateSelectable(
  { selectableFields = [], schema }: Frozen<CustomResourceDefinitionVersion>,
  path: string,
): Iterable<FieldError> {
  if (selectableFields.length === 0) return
  if (!schema?.openAPIV3Schema) {
    const text = path.startsWith('spec.versions')
      ? 'may only be set when `version.schema.openAPIV3Schema` is not included'
      : 'may only be set when validations.schema is included'
    return yield invalid(path, '', text)
  }
  const seen = new Set<string>()
  for (const [index, { jsonPath }] of selectableFields.entries()) {
    const field = `${path}[${index}].jsonPath`
    if (!jsonPath) {
      yield required(field)
      continue
    }
    const found = fieldAt(schema.openAPIV3Schema, jsonPath)
    if (typeof found === 'string') {
      yield invalid(field, jsonPath, `is an invalid path: ${found}`)
      continue
    }
    if (/^\.metadata(\.|$)/.test(jsonPath)) yield invalid(field, jsonPath, 'must not point to fields in metadata')
    if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) {
      const text =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
      yield invalid(field, jsonPath, text)
    }
    if (seen.has(jsonPath)) yield duplicate(field, jsonPath)
    seen.add(jsonPath)
  }
  if (seen.size > MAX) yield tooMany(path, seen.size, MAX)
}

/** The schema of the field, or what is wrong with the path. */
function fieldAt(root: Frozen<JSONSchemaProps>, path: string): Frozen<JSONSchemaProps> | string {
  let schema = root
  const tokens = path.match(/[.[\]]|[^.[\]]+/g) ?? []
  for (let i = 0; i < tokens.length; i += 2) {
    if (tokens[i] === '[') return 'array notation is not allowed'
    if (tokens[i] !== '.') return `expected [ or . but got: ${tokens[i]}`
    const name = tokens[i + 1]
    if (name === undefined) return 'unexpected end of JSON path'
    const { properties = {}, additionalProperties: values } = schema
    const next = Object.hasOwn(properties, name) ? properties[name] : typeof values === 'object' ? values : undefined
    if (!next) return 'does not refer to a valid field'
    schema = next
  }
  return schema
}
