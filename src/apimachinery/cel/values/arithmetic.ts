import { CelError, CelList, type CelValue, Double, Duration, noSuchOverload, Timestamp, toInt, Uint } from './values.ts'

const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n
const MAX_UINT = 2n ** 64n - 1n
/** The first and last second of the years 1 to 9999. */
export const MIN_SECONDS = -62135596800
export const MAX_SECONDS = 253402300799

const intOverflow = new CelError('integer overflow')
const uintOverflow = new CelError('unsigned integer overflow')
export const timestampOverflow = new CelError('timestamp overflow')
const divisionByZero = new CelError('division by zero')
const modulusByZero = new CelError('modulus by zero')

type Int = number | bigint

const isInt = (value: CelValue): value is Int => typeof value === 'number' || typeof value === 'bigint'

/** A whole number as an int, or the failure of one beyond 64 bits. */
export function checkedInt(value: bigint): Int | CelError {
  return value < MIN_INT || value > MAX_INT ? intOverflow : toInt(value)
}

function checkedUint(value: bigint): Uint | CelError {
  return value < 0n || value > MAX_UINT ? uintOverflow : new Uint(value)
}

function checkedDuration(value: bigint): Duration | CelError {
  return value < MIN_INT || value > MAX_INT ? intOverflow : new Duration(value)
}

/** A + B on numbers, texts, bytes, lists and times. */
export function add(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    return Number.isSafeInteger(sum) ? sum : checkedInt(BigInt(a) + BigInt(b))
  }
  if (typeof a === 'string') return typeof b === 'string' ? a + b : noSuchOverload
  if (a instanceof CelList) return b instanceof CelList ? a.concat(b) : noSuchOverload
  if (isInt(a)) return isInt(b) ? checkedInt(BigInt(a) + BigInt(b)) : noSuchOverload
  if (a instanceof Double) return b instanceof Double ? new Double(a.value + b.value) : noSuchOverload
  if (a instanceof Uint) return b instanceof Uint ? checkedUint(a.value + b.value) : noSuchOverload
  if (a instanceof Duration && b instanceof Duration) return checkedDuration(a.nanos + b.nanos)
  if (a instanceof Duration && b instanceof Timestamp) return shift(b, a.nanos)
  if (a instanceof Timestamp && b instanceof Duration) return shift(a, b.nanos)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return joinBytes(a, b)
  return noSuchOverload
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

const BILLION = 1_000_000_000n

/** A timestamp moved by a number of nanoseconds. */
function shift(time: Timestamp, nanos: bigint): Timestamp | CelError {
  const total = BigInt(time.seconds) * BILLION + BigInt(time.nanos) + nanos
  const rest = ((total % BILLION) + BILLION) % BILLION
  const seconds = Number((total - rest) / BILLION)
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) return timestampOverflow
  return new Timestamp(seconds, Number(rest), time.offsetSeconds)
}

/** A - B on numbers and times. */
export function subtract(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    return Number.isSafeInteger(difference) ? difference : checkedInt(BigInt(a) - BigInt(b))
  }
  if (isInt(a)) return isInt(b) ? checkedInt(BigInt(a) - BigInt(b)) : noSuchOverload
  if (a instanceof Double) return b instanceof Double ? new Double(a.value - b.value) : noSuchOverload
  if (a instanceof Uint) return b instanceof Uint ? checkedUint(a.value - b.value) : noSuchOverload
  if (a instanceof Duration) return b instanceof Duration ? checkedDuration(a.nanos - b.nanos) : noSuchOverload
  if (a instanceof Timestamp && b instanceof Duration) return shift(a, -b.nanos)
  if (a instanceof Timestamp && b instanceof Timestamp) {
    return checkedDuration(BigInt(a.seconds - b.seconds) * BILLION + BigInt(a.nanos - b.nanos))
  }
  return noSuchOverload
}

/** A * B on numbers. */
export function multiply(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    // a product of 0 and a negative number is not minus zero
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product
    return checkedInt(BigInt(a) * BigInt(b))
  }
  if (isInt(a)) return isInt(b) ? checkedInt(BigInt(a) * BigInt(b)) : noSuchOverload
  if (a instanceof Double) return b instanceof Double ? new Double(a.value * b.value) : noSuchOverload
  if (a instanceof Uint) return b instanceof Uint ? checkedUint(a.value * b.value) : noSuchOverload
  return noSuchOverload
}

/** A / B on numbers; integers are cut towards zero. */
export function divide(a: CelValue, b: CelValue): CelValue {
  if (isInt(a)) {
    if (!isInt(b)) return noSuchOverload
    return BigInt(b) === 0n ? divisionByZero : checkedInt(BigInt(a) / BigInt(b))
  }
  if (a instanceof Double) return b instanceof Double ? new Double(a.value / b.value) : noSuchOverload
  if (a instanceof Uint) {
    if (!(b instanceof Uint)) return noSuchOverload
    return b.value === 0n ? divisionByZero : new Uint(a.value / b.value)
  }
  return noSuchOverload
}

/** A % B on integers; the sign is A's. */
export function modulo(a: CelValue, b: CelValue): CelValue {
  if (isInt(a)) {
    if (!isInt(b)) return noSuchOverload
    if (BigInt(b) === 0n) return modulusByZero
    if (BigInt(a) === MIN_INT && BigInt(b) === -1n) return intOverflow
    return toInt(BigInt(a) % BigInt(b))
  }
  if (a instanceof Uint) {
    if (!(b instanceof Uint)) return noSuchOverload
    return b.value === 0n ? modulusByZero : new Uint(a.value % b.value)
  }
  return noSuchOverload
}

/** -A on numbers and durations. */
export function negate(a: CelValue): CelValue {
  if (typeof a === 'number') return a === 0 ? 0 : -a
  if (typeof a === 'bigint') return checkedInt(-a)
  if (a instanceof Double) return new Double(-a.value)
  if (a instanceof Duration) return checkedDuration(-a.nanos)
  return noSuchOverload
}
