import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { validateEmbedded } from '../../../apimachinery/structural/embedded.ts'
import type { JsonSchema } from '../../../apimachinery/structural/json-schema.ts'
import { objectMetaProblem } from '../../../apimachinery/structural/object-meta.ts'
import { isPruned } from '../../../apimachinery/structural/pruning.ts'
import { validateValue } from '../../../apimachinery/structural/validate.ts'

/** Defaults are themselves what their schema asks for, and hold nothing that would be pruned (upstream's ValidateDefaults). */
export function validateDefaults(schema: JsonSchema, path: string): FieldError[] {
  return [...validateNode({ ...schema, 'x-kubernetes-embedded-resource': true }, path, false)]
}

function* validateNode(schema: JsonSchema, path: string, insideMeta: boolean): Iterable<FieldError> {
  const embeds = schema['x-kubernetes-embedded-resource'] ?? false
  const inside = insideMeta && !embeds
  const { default: value, items, properties = {} } = schema
  // Defaults of metadata are forbidden at the root, and said to be so elsewhere.
  if (value !== undefined && value !== null) yield* validateDefault(schema, value, `${path}.default`, inside)
  if (items) yield* validateNode(items, `${path}.items`, inside)
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = embeds && (name === 'metadata' || name === 'apiVersion' || name === 'kind')
    yield* validateNode(property, `${path}.properties[${name}]`, inside || isMeta)
  }
}

function* validateDefault(schema: JsonSchema, value: unknown, path: string, insideMeta: boolean): Iterable<FieldError> {
  if (!insideMeta && !isPruned(value, schema)) yield invalid(path, value, 'must not have unknown fields')
  const malformed = objectMetaProblem(value, schema, path)
  if (malformed) return yield malformed
  const embedded = [...validateEmbedded(value, schema, path)]
  if (embedded.length > 0) return yield* embedded
  yield* validateValue(value, schema, path)
}
