import { patchJson, typeNameProblems } from '../../../api/admissionregistration/expressions/patch-types.ts'
import type { CelValue } from '../../../apimachinery/cel/index.ts'
import { merge } from '../../../apimachinery/apply/merge.ts'
import { shapeOf } from '../../../apimachinery/apply/shape.ts'
import { shapeProblems } from '../../../apimachinery/apply/validate.ts'
import type { Schema } from '../../../apimachinery/schema.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { MutationError } from './mutator.ts'

/**
 * Merges what an ApplyConfiguration says into an object, as server-side apply does but without owners. Neither is
 * changed; the result shares parts of both. Throws MutationError.
 */
export function applyConfiguration(
  schema: Schema,
  live: Readonly<Record<string, unknown>>,
  configuration: CelValue,
): unknown {
  const mismatches = typeNameProblems(configuration)
  if (mismatches.length > 0) throw new MutationError(`type mismatch: ${mismatches.join('\n')}`)
  const { apiVersion, kind } = live
  const patch = { ...(patchJson(configuration) as object), apiVersion, kind }
  const problems = shapeProblems(schema, patch)
  if (problems !== undefined) {
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${problems}`)
  }
  const atomics = [...atomicParts(schema, patch, '')]
  if (atomics.length > 0) {
    const what = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${what}`)
  }
  return merge(schema, live, patch)
}

/** The paths of parts that could only be replaced as wholes, which is seldom what is meant. */
function* atomicParts(schema: Schema, value: unknown, path: string): Iterable<string> {
  if (Array.isArray(value)) {
    if (schema.kind !== 'list') return
    if (shapeOf(schema).type === 'leaf') yield path
    for (const [index, item] of value.entries()) yield* atomicParts(schema.items, item, `${path}[${index}]`)
  } else if (isJsonObject(value) && (schema.kind === 'map' || schema.kind === 'struct')) {
    const shape = shapeOf(schema)
    if (shape.type === 'leaf') yield path
    if (shape.type !== 'struct') return
    for (const name of Object.keys(value).toSorted()) {
      const field = shape.fields.get(name)
      if (field) yield* atomicParts(field.schema, value[name], `${path}.${name}`)
    }
  }
}
