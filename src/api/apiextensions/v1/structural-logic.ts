import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import { compileGoRegExp, GoRegExpError } from '../../../lib/go-regexp.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'

type Schema = Frozen<JSONSchemaProps>

const INT_OR_STRING: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }]
const isIntOrString = (branches: readonly Schema[] | undefined): boolean => semanticEqual(branches, INT_OR_STRING)

/** The branches of a schema's logic, with their paths. */
function* branches(schema: Schema, path: string): Iterable<readonly [Schema, string]> {
  for (const word of ['anyOf', 'allOf', 'oneOf'] as const) {
    for (const [index, branch] of (schema[word] ?? []).entries()) yield [branch, `${path}.${word}[${index}]`]
  }
  if (schema.not) yield [schema.not, `${path}.not`]
}

/** Logic narrows and says nothing new; the pattern of int-or-string alone may name types. */
export function* validateLogic(schema: Schema, path: string): Iterable<FieldError> {
  const skipped = new Set<Schema>(isIntOrString(schema.anyOf) ? schema.anyOf : [])
  const first = schema.allOf?.[0]
  if (first && isIntOrString(first.anyOf)) for (const branch of first.anyOf ?? []) skipped.add(branch)
  yield* validateBranches(schema, skipped, path)
}

function* validateBranches(schema: Schema, skipped: ReadonlySet<Schema>, path: string): Iterable<FieldError> {
  for (const [branch, at] of branches(schema, path)) {
    if (!skipped.has(branch)) yield* validateBranch(branch, skipped, at)
  }
  const { pattern } = schema
  const problem = pattern ? regexProblem(pattern) : undefined
  if (problem) yield invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`)
}

function regexProblem(pattern: string): string | undefined {
  try {
    compileGoRegExp(pattern)
    return undefined
  } catch (error) {
    if (error instanceof GoRegExpError) return error.message
    throw error
  }
}

const FORBIDDEN = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
] as const

function* validateBranch(branch: Schema, skipped: ReadonlySet<Schema>, path: string): Iterable<FieldError> {
  yield* validateBranches(branch, skipped, path)
  const { items, properties = {} } = branch
  if (items && !Array.isArray(items)) yield* validateBranch(items as Schema, skipped, `${path}.items`)
  for (const [name, property] of Object.entries(properties)) {
    yield* validateBranch(property, skipped, `${path}.properties[${name}]`)
  }
  for (const [field, state] of FORBIDDEN) {
    const value = branch[field]
    if (value === undefined || value === '' || value === false) continue
    yield fieldForbidden(`${path}.${field}`, `must be ${state} to be structural`)
  }
  if ('metadata' in properties) {
    yield fieldForbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context')
  }
}

/** What logic speaks of exists in the tree. */
export function* validateCompleteness(schema: Schema, path: string, logic = schema, at = path): Iterable<FieldError> {
  for (const [branch, branchPath] of branches(logic, at)) {
    yield* validateCompleteness(schema, path, branch, branchPath)
    const { items, properties = {} } = branch
    if (items && !Array.isArray(items)) {
      const [there, where, from] = [schema.items, `${path}.items`, `${branchPath}.items`]
      if (there && !Array.isArray(there)) {
        yield* validateCompleteness(there as Schema, where, { allOf: [items as Schema] }, from)
      } else yield required(where, `because it is defined in ${from}`)
    }
    for (const [name, property] of Object.entries(properties)) {
      const [there, where, from] = [
        schema.properties?.[name],
        `${path}.properties[${name}]`,
        `${branchPath}.properties[${name}]`,
      ]
      if (there) yield* validateCompleteness(there, where, { allOf: [property] }, from)
      else yield required(where, `because it is defined in ${from}`)
    }
  }
}
