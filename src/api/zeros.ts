import { zeroValue } from '../apimachinery/codec/plan.ts'
import type { Schema, StructSchema } from '../apimachinery/schema.ts'

/** What to do with one field of a struct. */
interface FieldFill {
  readonly name: string
  /** The value that an absent field gets; undefined where absence stays. */
  readonly zero: string | number | boolean | undefined
  readonly struct: StructSchema | undefined
  /** Schemas of list items or map values that are structs. */
  readonly items: StructSchema | undefined
  readonly list: boolean
}

/** Marks a struct held by value, which gets the zeros of its own fields. */
const STRUCT = '{}'

const plans = new WeakMap<StructSchema, readonly FieldFill[]>()

/**
 * Gives every field that Go holds by value and always writes its zero when it is absent: `""`, `0`, `false`, `{}`. After it, what
 * the generated types call required is there, but for lists and maps, whose zero is absence.
 */
export function fillZeros(schema: StructSchema, draft: Record<string, unknown>): void {
  for (const { name, zero, struct, items, list } of planOf(schema)) {
    const value = draft[name]
    if (value == null) {
      if (zero === undefined) continue
      if (zero !== STRUCT) draft[name] = zero
      else if (struct) fillZeros(struct, (draft[name] = {}))
    } else if (typeof value !== 'object') continue
    else if (struct) fillZeros(struct, value as Record<string, unknown>)
    else if (items) fillEach(items, list ? (value as unknown[]) : Object.values(value))
  }
}

function fillEach(schema: StructSchema, values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value === 'object' && value !== null) fillZeros(schema, value as Record<string, unknown>)
  }
}

function planOf(schema: StructSchema): readonly FieldFill[] {
  let plan = plans.get(schema)
  if (!plan) {
    plan = [...schema.fields.values()]
      .map(({ name, schema: type, alwaysWritten = false, pointer = false }): FieldFill => {
        const inner = type.kind === 'list' ? type.items : type.kind === 'map' ? type.values : undefined
        return {
          name,
          zero: alwaysWritten && !pointer ? zeroOf(type) : undefined,
          struct: type.kind === 'struct' ? type : undefined,
          items: inner?.kind === 'struct' ? inner : undefined,
          list: type.kind === 'list',
        }
      })
      .filter(({ zero, struct, items }) => zero !== undefined || struct !== undefined || items !== undefined)
    plans.set(schema, plan)
  }
  return plan
}

function zeroOf(schema: Schema): FieldFill['zero'] {
  return schema.kind === 'struct' ? STRUCT : ((zeroValue(schema) as FieldFill['zero'] | null) ?? undefined)
}
