import { CelType } from '../check/types.ts'
import { compareText } from './text.ts'
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  Duration,
  isError,
  noSuchOverload,
  Opaque,
  Optional,
  Timestamp,
  typeOf,
  Uint,
} from './values.ts'

/** `==`: values of different types are unequal, numbers compare as numbers. */
export function equal(a: CelValue, b: CelValue): boolean | CelError {
  if (a === b) return true
  switch (typeof a) {
    case 'string':
    case 'boolean':
      return false
    case 'number':
    case 'bigint':
      return typeof b === 'object' && isNumeric(b) ? compareNumbers(a, b) === 0 : false
    default:
      return equalObjects(a, b)
  }
}

function equalObjects(a: CelValue, b: CelValue): boolean | CelError {
  if (a === null || b === null) return false
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0
  if (a instanceof CelMap) return b instanceof CelMap ? equalMaps(a, b) : false
  if (a instanceof CelList) return b instanceof CelList ? equalLists(a, b) : false
  if (a instanceof Timestamp) return b instanceof Timestamp && a.seconds === b.seconds && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b)
  if (a instanceof Opaque) return a.equals(b)
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name
  return isError(a) ? a : false
}

function equalOptionals(a: Optional, b: Optional): boolean | CelError {
  if (a.value === undefined || b.value === undefined) return a.value === b.value
  return equal(a.value, b.value)
}

function equalLists(a: CelList, b: CelList): boolean | CelError {
  if (a.equals !== undefined) {
    const result = a.equals(b)
    return typeof result === 'boolean' || isError(result) ? result : noSuchOverload
  }
  if (a.size !== b.size) return false
  let failed: CelError | undefined
  for (let i = 0; i < a.size; i++) {
    const same = equal(a.get(i), b.get(i))
    if (same === false) return false
    if (isError(same)) failed ??= same
  }
  return failed ?? true
}

function equalMaps(a: CelMap, b: CelMap): boolean | CelError {
  if (a.equals !== undefined) {
    const result = a.equals(b)
    return typeof result === 'boolean' || isError(result) ? result : noSuchOverload
  }
  if (a.size !== b.size) return false
  for (const key of a.keys()) {
    const other = b.find(key)
    if (other === undefined) return false
    if (equal(a.find(key) ?? null, other) === false) return false
  }
  return true
}

type Numeric = number | bigint | Double | Uint

function isNumeric(value: CelValue): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double || value instanceof Uint
}

/** -1, 0 or 1; undefined where a NaN cannot be ordered. */
function compareNumbers(a: Numeric, b: Numeric): number | undefined {
  const x = a instanceof Double || a instanceof Uint ? a.value : a
  const y = b instanceof Double || b instanceof Uint ? b.value : b
  if (Number.isNaN(x) || Number.isNaN(y)) return undefined
  if (a instanceof Double || b instanceof Double) return compareAsDoubles(x, y)
  return x < y ? -1 : x > y ? 1 : 0
}

/** Upstream compares an integer with a double as doubles. */
function compareAsDoubles(x: number | bigint, y: number | bigint): number {
  const [p, q] = [Number(x), Number(y)]
  return p < q ? -1 : p > q ? 1 : 0
}

/** The order that `<` and its like speak of. */
export function compare(a: CelValue, b: CelValue): number | CelError {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  if (isNumeric(a)) {
    if (!isNumeric(b)) return noSuchOverload
    return compareNumbers(a, b) ?? new CelError('NaN values cannot be ordered')
  }
  if (typeof a === 'string') return typeof b === 'string' ? compareText(a, b) : noSuchOverload
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : noSuchOverload
  if (a instanceof Timestamp) {
    if (!(b instanceof Timestamp)) return noSuchOverload
    return Math.sign(a.seconds - b.seconds) || Math.sign(a.nanos - b.nanos)
  }
  if (a instanceof Duration) {
    if (!(b instanceof Duration)) return noSuchOverload
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : noSuchOverload
  return noSuchOverload
}

/** Whether values of this type have an order at all. */
export function isOrdered(value: CelValue): boolean {
  return ['int', 'uint', 'double', 'string', 'bool', 'timestamp', 'duration', 'bytes'].includes(typeOf(value).kind)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(a.length - b.length)
}
