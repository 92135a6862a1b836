/**
 * One step of a field path, in its FieldsV1 form: `f:spec` a field, `k:{"name":"a"}` a list item by its keys,
 * `v:"a"` a set's item by its value, `i:0` an item by its place. The text is canonical, so equal steps are equal texts.
 */
import { escapeHtml } from '../../lib/json-value.ts'
import { goQuote } from '../../lib/quote.ts'
import { atoi } from '../../lib/atoi.ts'
import { ParseError } from '../parse-error.ts'
import { stringifyJson } from '../codec/json/encode.ts'

export type PathElement = string

/** The step to a field of an object. */
export const fieldElement = (name: string): PathElement => `f:${name}`

/** The step to a list item by key fields, given in the order of their names. */
export function keyElement(keys: readonly (readonly [name: string, value: unknown])[]): PathElement {
  return `k:{${keys.map(([name, value]) => `${valueText(name)}:${valueText(value)}`).join(',')}}`
}

/** The step to a scalar in a set. */
export const valueElement = (value: unknown): PathElement => `v:${valueText(value)}`

// eslint-disable-next-line no-control-regex -- JSON escapes control characters
const ESCAPED = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/

/** A value as the library writes it that upstream writes field sets with. */
function valueText(value: unknown): string {
  if (typeof value === 'string' && !ESCAPED.test(value)) return `"${value}"`
  return escapeHtml(stringifyJson(value))
}

/** What a step says. */
export type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'key'; readonly keys: readonly (readonly [name: string, value: unknown])[] }
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'index'; readonly index: number }

/** Reads a step; undefined for one of a type that is not known. Throws ParseError when it is malformed. */
export function parseElement(text: string): Step | undefined {
  if (text.length < 2) throw new ParseError('key must be 2 characters long:')
  if (text[1] !== ':') throw new ParseError(`missing colon: ${text}`)
  const rest = text.slice(2)
  switch (text[0]) {
    case 'f':
      return { type: 'field', name: rest }
    case 'v':
      return { type: 'value', value: parseValue(rest) }
    case 'k': {
      const keys = Object.entries(parseValue(rest) as object)
      return { type: 'key', keys: keys.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
    }
    case 'i': {
      const index = atoi(rest)
      if (typeof index === 'string') throw new ParseError(index)
      return { type: 'index', index }
    }
    default:
      return undefined
  }
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw error instanceof SyntaxError ? new ParseError(`parsing key as path element: ${text}`) : error
  }
}

/** Steps repeat a lot (`k:{"name":"app"}`); a full cache starts over. */
const CACHE_SIZE = 4096
const parsed = new Map<PathElement, Step | undefined>()

/** The step of a text, from a cache. */
export function stepOf(element: PathElement): Step | undefined {
  if (parsed.has(element)) return parsed.get(element)
  const step = parseElement(element)
  if (parsed.size >= CACHE_SIZE) parsed.clear()
  parsed.set(element, step)
  return step
}

/** The canonical text of a step that a client sent; undefined for one of a type that is not known. */
export function canonicalElement(text: string): PathElement | undefined {
  if (text.startsWith('f:')) return text
  const step = stepOf(text)
  switch (step?.type) {
    case 'key':
      return keyElement(step.keys)
    case 'value':
      return valueElement(step.value)
    case 'index':
      return `i:${step.index}`
    default:
      return undefined
  }
}

const RANK: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 }

/** Upstream's order: fields, keys, values, indices; each by what it says. */
export function compareElements(a: PathElement, b: PathElement): number {
  const [x, y] = [a.charAt(0), b.charAt(0)]
  if (x !== y) return (RANK[x] ?? 4) - (RANK[y] ?? 4)
  if (x === 'f') return a < b ? -1 : a > b ? 1 : 0
  const [left, right] = [stepOf(a), stepOf(b)]
  if (left?.type === 'key' && right?.type === 'key') return compareKeys(left.keys, right.keys)
  if (left?.type === 'value' && right?.type === 'value') return compareValues(left.value, right.value)
  if (left?.type === 'index' && right?.type === 'index') return left.index - right.index
  return 0
}

function compareKeys(a: Keys, b: Keys): number {
  for (let i = 0; ; i++) {
    const [x, y] = [a[i], b[i]]
    if (!x || !y) return x ? 1 : y ? -1 : 0
    if (x[0] !== y[0]) return x[0] < y[0] ? -1 : 1
    const order = compareValues(x[1], y[1])
    if (order !== 0) return order
  }
}

type Keys = readonly (readonly [name: string, value: unknown])[]

/** Numbers, then strings, then booleans, then the rest. */
function compareValues(a: unknown, b: unknown): number {
  const [x, y] = [typeRank(a), typeRank(b)]
  if (x !== y) return x - y
  if (typeof a === 'object' || typeof b === 'object') return 0
  const [left, right] = [a as number, b as number]
  return left < right ? -1 : left > right ? 1 : 0
}

function typeRank(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 0
  return typeof value === 'string' ? 1 : typeof value === 'boolean' ? 2 : 3
}

/** The step as it stands in messages: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function printElement(element: PathElement): string {
  const step = stepOf(element)
  switch (step?.type) {
    case 'field':
      return `.${step.name}`
    case 'key':
      return `[${step.keys.map(([name, value]) => `${name}=${printValue(value)}`).join(',')}]`
    case 'value':
      return `[=${printValue(step.value)}]`
    case 'index':
      return `[${step.index}]`
    default:
      return '{{invalid path element}}'
  }
}

/** A whole path: `.spec.containers[name="a"].image`. */
export const printPath = (path: readonly PathElement[]): string => path.map(printElement).join('')

function printValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  return typeof value === 'object' ? stringifyJson(value) : String(value as number)
}
