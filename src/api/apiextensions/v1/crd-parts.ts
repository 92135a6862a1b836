import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '../../generated/types/apiextensions/v1.ts'
import { validateRootSchema, validateSchemaRules } from './schema-root.ts'
import { validateSelectable } from './selectable-fields.ts'

type Version = Frozen<CustomResourceDefinitionVersion>

/** Where upstream keeps what all versions share. */
const SHARED = {
  schema: 'spec.validation',
  subresources: 'spec.subresources',
  additionalPrinterColumns: 'spec.additionalPrinterColumns',
  selectableFields: 'spec.selectableFields',
} as const

/** Schema, subresources, columns and selectable fields of each version; once, and under another path, where all share one. */
export function* validateVersionParts(versions: readonly Version[]): Iterable<FieldError> {
  const [first] = versions
  if (!first) return
  const isShared = (field: keyof typeof SHARED): boolean =>
    versions.every((version) => semanticEqual(version[field], first[field]))
  const anyStatus = versions.some(({ subresources }) => subresources?.status !== undefined)
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`
    yield* validateDeprecation(version, `${at}.deprecationWarning`)
    if (!isShared('schema')) yield* validateSchema(version, version.subresources?.status !== undefined, `${at}.schema`)
    if (!isShared('subresources')) yield* validateSubresources(version.subresources, `${at}.subresources`)
    if (!isShared('additionalPrinterColumns')) yield* validateColumns(version, `${at}.additionalPrinterColumns`)
    if (!isShared('selectableFields')) yield* validateSelectable(version, `${at}.selectableFields`)
  }
  if (isShared('schema')) yield* validateSchema(first, anyStatus, SHARED.schema)
  if (isShared('subresources')) yield* validateSubresources(first.subresources, SHARED.subresources)
  if (isShared('additionalPrinterColumns')) yield* validateColumns(first, SHARED.additionalPrinterColumns)
  if (isShared('selectableFields')) yield* validateSelectable(first, SHARED.selectableFields)
}

/** The rules of all versions' schemas; once where all share one. `old` are the versions before a change. */
export function* validateVersionRules(
  versions: readonly Version[],
  old: readonly Version[] = [],
): Iterable<FieldError> {
  const [first] = versions
  if (!first) return
  const isShared = versions.every(({ schema }) => semanticEqual(schema, first.schema))
  for (const [index, { name, schema }] of versions.entries()) {
    if (!schema?.openAPIV3Schema || (isShared && index > 0)) continue
    const before = old.find((version) => version.name === name)
    const unchanged = before !== undefined && semanticEqual(before.schema, schema)
    const path = isShared ? SHARED.schema : `spec.versions[${index}].schema`
    yield* validateSchemaRules(schema.openAPIV3Schema, `${path}.openAPIV3Schema`, unchanged)
  }
}

function* validateSchema({ schema }: Version, hasStatus: boolean, path: string): Iterable<FieldError> {
  if (schema?.openAPIV3Schema) yield* validateRootSchema(schema.openAPIV3Schema, hasStatus, `${path}.openAPIV3Schema`)
}

function* validateDeprecation(version: Version, field: string): Iterable<FieldError> {
  const { deprecated, deprecationWarning: text } = version
  if (text === undefined) return
  if (!deprecated) return yield invalid(field, text, 'can only be set for deprecated versions')
  if (new TextEncoder().encode(text).length > 256) yield invalid(field, text, 'must be <= 256 characters long')
  if (text === '') yield invalid(field, text, 'must not be an empty string')
  const at = text.search(/(?! )[\p{C}\p{Z}]/u)
  if (at < 0) return
  const index = new TextEncoder().encode(text.slice(0, at)).length
  const problem = `must only contain printable UTF-8 characters; non-printable character found at index ${index}`
  yield invalid(field, text, problem)
}

const TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function* validateColumns({ additionalPrinterColumns: columns = [] }: Version, path: string): Iterable<FieldError> {
  for (const [index, column] of columns.entries()) yield* validateColumn(column, `${path}[${index}]`)
}

function* validateColumn(column: Frozen<CustomResourceColumnDefinition>, path: string): Iterable<FieldError> {
  const { name, type, format, jsonPath } = column
  if (!name) yield required(`${path}.name`)
  const types = `must be one of ${TYPES.join(',')}`
  if (!type) yield required(`${path}.type`, types)
  else if (!TYPES.includes(type)) yield invalid(`${path}.type`, type, types)
  if (format && !FORMATS.includes(format)) {
    yield invalid(`${path}.format`, format, `must be one of ${FORMATS.join(',')}`)
  }
  if (jsonPath) yield* validatePath(jsonPath, `${path}.JSONPath`)
  else yield required(`${path}.JSONPath`)
}

function validatePath(path: string, field: string): FieldError[] {
  return path.startsWith('.') ? [] : [invalid(field, path, 'must be a simple json path starting with .')]
}

function* validateSubresources(
  subresources: Frozen<CustomResourceSubresources> | undefined,
  path: string,
): Iterable<FieldError> {
  const scale = subresources?.scale
  if (!scale) return
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  yield* validateUnder(specReplicasPath, `${path}.scale.specReplicasPath`, '.spec')
  yield* validateUnder(statusReplicasPath, `${path}.scale.statusReplicasPath`, '.status')
  if (!labelSelectorPath) return
  const field = `${path}.scale.labelSelectorPath`
  const wrong = validatePath(labelSelectorPath, field)
  if (wrong.length > 0) yield* wrong
  else if (!/^\.(spec|status)\./.test(labelSelectorPath)) {
    yield invalid(field, labelSelectorPath, 'should be a json path under either .spec or .status')
  }
}

function* validateUnder(path: string, field: string, parent: string): Iterable<FieldError> {
  if (!path) return yield required(field)
  const wrong = validatePath(path, field)
  if (wrong.length > 0) yield* wrong
  else if (!path.startsWith(`${parent}.`)) yield invalid(field, path, `should be a json path under ${parent}`)
}
