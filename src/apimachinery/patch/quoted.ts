/** The outcome of a patch as upstream quotes it in a refusal, whose library sorts the keys of the objects that it had to look into, and of no others. */
import { isJsonObject } from '../../lib/json-value.ts'
import { decodeAny } from '../codec/json/decode.ts'
import { stringifyJson } from '../codec/json/encode.ts'
import type { Schema } from '../schema.ts'
import type { JsonPatchOperation } from './json-patch.ts'

/** What a patch looked into: everything, or what it names within. */
export type Touched = 'all' | ReadonlyMap<string, Touched>

/** What a JSON patch goes through on its ways; what it brings stays as it was sent. */
export function touchedBy(operations: readonly JsonPatchOperation[]): Touched {
  const root: Trail = new Map()
  for (const { path, from } of operations) for (const pointer of [path, from]) follow(root, pointer ?? '')
  return root
}

type Trail = Map<string, Trail>

function follow(root: Trail, pointer: string): void {
  let at = root
  for (const segment of pointer.split('/').slice(1, -1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    const next: Trail = at.get(key) ?? new Map<string, Trail>()
    at.set(key, next)
    at = next
  }
}

/** What a merge patch goes through: all of itself. */
export function touchedByMerge(patch: unknown): Touched {
  if (!isJsonObject(patch)) return 'all'
  return new Map(Object.entries(patch).map(([key, value]) => [key, touchedByMerge(value)]))
}

/** A document as it is now, to be quoted later: sorted where the patch has been, elsewhere in the order of its type. */
export function shower(document: unknown, schema: Schema, touched: Touched): () => string {
  const text = stringifyJson(document)
  return () => stringifyJson(ordered(decodeAny(new TextEncoder().encode(text), 'Ignore').value, schema, touched))
}

function ordered(value: unknown, schema: Schema | undefined, touched: Touched | undefined): unknown {
  if (Array.isArray(value)) {
    const items = schema?.kind === 'list' ? schema.items : undefined
    return value.map((item, index) => ordered(item, items, within(touched, String(index))))
  }
  if (!isJsonObject(value)) return value
  const keys = touched === undefined ? inOrder(Object.keys(value), schema) : Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, ordered(value[key], fieldOf(schema, key), within(touched, key))]))
}

const within = (touched: Touched | undefined, key: string): Touched | undefined =>
  touched === 'all' ? 'all' : touched?.get(key)

function fieldOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.kind === 'map') return schema.values
  return schema?.kind === 'struct' ? schema.fields.get(key)?.schema : undefined
}

/** Fields as their type lists them; keys that are data are sorted; what has no type stays as it is. */
function inOrder(keys: string[], schema: Schema | undefined): string[] {
  if (schema?.kind === 'map') return keys.toSorted()
  if (schema?.kind !== 'struct' || schema.name === '') return keys
  const places = [...schema.fields.keys()]
  const place = (key: string): number => (places.includes(key) ? places.indexOf(key) : places.length)
  return keys.toSorted((a, b) => place(a) - place(b))
}
