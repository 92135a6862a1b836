import type { StructDecl } from '../check/provider.ts'
import { textOf } from '../values/convert.ts'
import { ArrayList, CelError, type CelValue, isError, Optional, ValueMap } from '../values/values.ts'
import type { Eval } from './frame.ts'

/** `[a, ?b]`: an optional element is left out when it is none. */
export function listOf(elements: readonly Eval[], optional: ReadonlySet<number>): Eval {
  return (frame) => {
    const values: CelValue[] = []
    for (const [i, element] of elements.entries()) {
      const value = element(frame)
      if (isError(value)) return value
      if (!optional.has(i)) {
        values.push(value)
        continue
      }
      if (!(value instanceof Optional)) {
        return new CelError(`cannot initialize optional list element from non-optional value ${textOf(value)}`)
      }
      if (value.value !== undefined) values.push(value.value)
    }
    return new ArrayList(values)
  }
}

interface Entry {
  readonly key: Eval
  readonly value: Eval
  readonly optional: boolean
}

/** `{key: value, ?key: value}` */
export function mapOf(entries: readonly Entry[]): Eval {
  return (frame) => {
    const map = new ValueMap()
    for (const entry of entries) {
      const key = entry.key(frame)
      if (isError(key)) return key
      const value = entry.value(frame)
      if (isError(value)) return value
      const given = entry.optional ? unwrapped(textOf(key), value) : value
      if (isError(given)) return given
      if (given !== undefined) map.insert(key, given)
    }
    return map
  }
}

interface Field {
  readonly name: string
  readonly value: Eval
  readonly optional: boolean
}

/** `Type{field: value}` */
export function structOf(typeName: string, struct: StructDecl | undefined, fields: readonly Field[]): Eval {
  const construct = struct?.construct?.bind(struct)
  return (frame) => {
    const values = new Map<string, CelValue>()
    for (const field of fields) {
      const value = field.value(frame)
      if (isError(value)) return value
      const given = field.optional ? unwrapped(field.name, value) : value
      if (isError(given)) return given
      if (given !== undefined) values.set(field.name, given)
    }
    return construct?.(values) ?? new CelError(`unknown type '${typeName}'`)
  }
}

function unwrapped(name: string, value: CelValue): CelValue | undefined {
  if (value instanceof Optional) return value.value
  return new CelError(`cannot initialize optional entry '${name}' from non-optional value ${textOf(value)}`)
}
