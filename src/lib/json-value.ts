import { setOwn } from './own.ts'

/** A deep copy of a value made of plain objects, arrays and primitives. */
export function copyJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyJson) as T
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(copy, key, copyJson((value as Record<string, unknown>)[key]))
  return copy as T
}

/** Whether two such values are equal; the order of keys does not matter, an undefined property is an absent one. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  if (Array.isArray(b)) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  let left = 0
  for (const key of Object.keys(x)) {
    if (x[key] === undefined) continue
    left++
    if (!Object.hasOwn(y, key) || !equalJson(x[key], y[key])) return false
  }
  for (const key of Object.keys(y)) if (y[key] !== undefined) left--
  return left === 0
}

/** A plain object, not an array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as Go's `%v` prints it: `map[a:1 b:[x y]]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (!isJsonObject(value)) return String(value as string)
  const keys = Object.keys(value).sort()
  return `map[${keys.map((key) => `${key}:${goPrint(value[key])}`).join(' ')}]`
}

/** A JSON text as Go's encoder writes it: `<`, `>`, `&` and line separators escaped. */
export function escapeHtml(json: string): string {
  if (!/[<>&\u2028\u2029]/.test(json)) return json
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same value with the keys of its objects in order, as Go writes maps. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]))
}
