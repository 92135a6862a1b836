import { goTypeOf } from '../go-type.ts'
import { goPrint, isJsonObject } from '../../lib/json-value.ts'
import { goQuote } from '../../lib/quote.ts'
import { planOf } from '../codec/plan.ts'
import type { ListSchema, ScalarSchema, Schema, StructSchema } from '../schema.ts'
import { itemElement, UnidentifiedItem } from './list-item.ts'
import { fieldElement, printElement } from './path-element.ts'
import { shapeOf } from './shape.ts'

/** One finding: where, and what is wrong in upstream's words. */
interface Finding {
  readonly path: string
  readonly message: string
}

/**
 * What is wrong with the shape of an object to be applied: undeclared fields, values of another type, list items that
 * cannot be told apart. Undefined when nothing is.
 */
export function shapeProblems(schema: Schema, object: unknown): string | undefined {
  const findings = [...check(schema, object, '')]
  const texts = findings.map(({ path, message }) => (path ? `${path}: ${message}` : message))
  if (texts.length <= 1) return texts[0]
  return ['errors:', ...texts.map((text) => `  ${text}`)].join('\n')
}

function* check(schema: Schema, value: unknown, path: string): Generator<Finding> {
  if (value === null || value === undefined) return
  switch (schema.kind) {
    case 'struct':
    case 'map':
      if (isJsonObject(value)) yield* checkEntries(schema, value, path)
      else yield { path, message: `expected map, got ${goPointer(value)}` }
      return
    case 'list':
      if (Array.isArray(value)) yield* checkItems(schema, value, path)
      else yield { path, message: `expected list, got ${goPointer(value)}` }
      return
    default:
      yield* checkScalar(schema, value, path)
  }
}

function* checkEntries(
  schema: Extract<Schema, { kind: 'struct' | 'map' }>,
  value: Record<string, unknown>,
  path: string,
): Generator<Finding> {
  for (const key of Object.keys(value)) {
    const at = path + printElement(fieldElement(key))
    const below = schema.kind === 'map' ? schema.values : fieldSchema(schema, key)
    if (below) yield* check(below, value[key], at)
    else if (schema.kind === 'struct' && !schema.preserveUnknown) {
      yield { path: at, message: 'field not declared in schema' }
      return
    }
  }
}

function fieldSchema(schema: StructSchema, key: string): Schema | undefined {
  const shape = shapeOf(schema)
  const field = shape.type === 'struct' ? shape.fields.get(key) : planOf(schema).byName.get(key)
  return field?.schema
}

function* checkItems(schema: ListSchema, items: readonly unknown[], path: string): Generator<Finding> {
  const shape = shapeOf(schema)
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    let element = `i:${index}`
    if (shape.type === 'list') {
      try {
        element = itemElement(shape, item)
      } catch (error) {
        if (!(error instanceof UnidentifiedItem)) throw error
        yield { path, message: `element ${index}: ${error.message}` }
        return
      }
      if (seen.has(element)) yield { path, message: `duplicate entries for key ${printElement(element)}` }
      seen.add(element)
    }
    yield* check(schema.items, item, path + printElement(element))
  }
}

function* checkScalar({ kind }: ScalarSchema, value: unknown, path: string): Generator<Finding> {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  if (kind === 'int32' || kind === 'int64' || kind === 'double') {
    if (!isNumber) yield { path, message: `expected numeric (int or float), got ${goTypeOf(value)}` }
  } else if (kind === 'string' || kind === 'bytes' || kind === 'duration') {
    if (typeof value !== 'string')
      yield { path, message: `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}` }
  } else if (kind === 'boolean') {
    if (typeof value !== 'boolean') yield { path, message: `expected boolean, got ${goPointer(value)}` }
  } else if (['time', 'microTime', 'quantity', 'intOrString'].includes(kind) && typeof value === 'object')
    yield { path, message: `expected any scalar, got ${goPointer(value)}` }
}

/** How Go prints a pointer to what holds the value. */
const goPointer = (value: unknown): string => `&{${goPrint(value)}}`

/** Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)'
  if (typeof value === 'string') return goQuote(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isJsonObject(value)) return String(value as number)
  const entries = Object.keys(value).sort()
  return `map[string]interface {}{${entries.map((key) => `${goQuote(key)}:${goSyntax(value[key])}`).join(', ')}}`
}
