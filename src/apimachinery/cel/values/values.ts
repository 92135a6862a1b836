import {
  BOOL,
  BYTES,
  CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST_OF_DYN,
  MAP_OF_DYN,
  NULL,
  opaqueType,
  optionalType,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from '../check/types.ts'

/**
 * A value of CEL. An int is a number when it is a safe integer, else a bigint: so equal ints are `===`. A double is
 * always boxed, a JavaScript number never is one.
 */
export type CelValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Double
  | Uint
  | Timestamp
  | Duration
  | CelList
  | CelMap
  | Optional
  | Opaque
  | CelType
  | CelError

/** An evaluation's failure. A value, because `&&`, `||` and the macros on them go on past one. */
export class CelError {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

export const noSuchOverload = new CelError('no such overload')

/** Whether a value is a failure. */
export function isError(value: unknown): value is CelError {
  return value instanceof CelError
}

/** A 64 bit float. */
export class Double {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** A 64 bit unsigned integer. */
export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** A point in time, and the offset from UTC it was written with (which shows only in its text). */
export class Timestamp {
  readonly seconds: number
  readonly nanos: number
  readonly offsetSeconds: number
  constructor(seconds: number, nanos: number, offsetSeconds = 0) {
    this.seconds = seconds
    this.nanos = nanos
    this.offsetSeconds = offsetSeconds
  }
}

/** A span of time in nanoseconds, within 64 bits. */
export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A list. Elements are made as they are asked for. */
export abstract class CelList {
  abstract readonly size: number
  /** The element at an index within the size. */
  abstract get(index: number): CelValue

  *[Symbol.iterator](): Generator<CelValue> {
    for (let i = 0; i < this.size; i++) yield this.get(i)
  }

  /** What `+` gives. */
  concat(other: CelList): CelValue {
    if (this.size === 0) return other
    if (other.size === 0) return this
    return new ConcatList(this, other)
  }

  /** Another rule of equality than element by element, where a list has one. */
  equals?(other: CelList): CelValue
}

/** A list of given values. */
export class ArrayList extends CelList {
  readonly items: readonly CelValue[]
  constructor(items: readonly CelValue[]) {
    super()
    this.items = items
  }
  get size(): number {
    return this.items.length
  }
  get(index: number): CelValue {
    return this.items[index] ?? null
  }
  override [Symbol.iterator](): Generator<CelValue> {
    return this.items[Symbol.iterator]() as Generator<CelValue>
  }
}

/** Two lists as one, nothing copied: `a + b` costs the same whatever their size. */
class ConcatList extends CelList {
  readonly #first: CelList
  readonly #second: CelList
  readonly size: number
  constructor(first: CelList, second: CelList) {
    super()
    this.#first = first
    this.#second = second
    this.size = first.size + second.size
  }
  get(index: number): CelValue {
    const { size } = this.#first
    return index < size ? this.#first.get(index) : this.#second.get(index - size)
  }
}

/** A list under construction by a comprehension: `+` appends in place. */
export class ListBuilder extends CelList {
  readonly items: CelValue[] = []
  get size(): number {
    return this.items.length
  }
  get(index: number): CelValue {
    return this.items[index] ?? null
  }
  override concat(other: CelList): CelValue {
    for (const item of other) this.items.push(item)
    return this
  }
}

/** A map, or an object with fields. */
export abstract class CelMap {
  abstract readonly size: number
  /** The value of a key; undefined if there is none. */
  abstract find(key: CelValue): CelValue | undefined
  abstract keys(): Iterable<CelValue>

  /** Another rule of equality than entry by entry, where a map has one. */
  equals?(other: CelMap): CelValue
}

/** A map of given entries. */
export class ValueMap extends CelMap {
  readonly #entries = new Map<unknown, readonly [CelValue, CelValue]>()

  constructor(entries: Iterable<readonly [CelValue, CelValue]> = []) {
    super()
    for (const [key, value] of entries) this.#entries.set(keyOf(key), [key, value])
  }
  get size(): number {
    return this.#entries.size
  }
  find(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyOf(key))?.[1]
  }
  *keys(): Iterable<CelValue> {
    for (const [key] of this.#entries.values()) yield key
  }
  /** Adds an entry: only for who makes the map and still holds it alone. */
  insert(key: CelValue, value: CelValue): void {
    this.#entries.set(keyOf(key), [key, value])
  }
}

/** A map under construction by a comprehension. */
export class MapBuilder extends ValueMap {}

/** Numbers of different types that are equal are the same key. */
function keyOf(key: CelValue): unknown {
  if (key instanceof Uint) return toInt(key.value)
  if (key instanceof Double && Number.isInteger(key.value)) return toInt(BigInt(key.value))
  if (key instanceof Double) return `double ${key.value}`
  return typeof key === 'string' ? `"${key}` : key
}

/** A value or none. */
export class Optional {
  readonly value: CelValue | undefined
  constructor(value: CelValue | undefined) {
    this.value = value
  }
}

export const NONE = new Optional(undefined)

/** A value of a library's own type. */
export abstract class Opaque {
  abstract readonly type: CelType
  abstract equals(other: CelValue): boolean | CelError
  /** What `size` counts for costs, if more than one. */
  readonly sizeForCost?: number
  /** How long a pattern it stands for costs, for a format. */
  readonly patternSizeForCost?: number
  /** What `string(x)` gives, for types that have it. */
  toText?(): string
}

/** An integer within 64 bits as a CEL int. */
export function toInt(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const OPTIONAL = optionalType(DYN)
const OPAQUE = opaqueType('error')

/** The type of a value at run time. */
export function typeOf(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return STRING
    case 'number':
    case 'bigint':
      return INT
    case 'boolean':
      return BOOL
    default:
      return typeOfObject(value)
  }
}

function typeOfObject(value: CelValue): CelType {
  if (value === null) return NULL
  if (value instanceof CelMap) return MAP_OF_DYN
  if (value instanceof CelList) return LIST_OF_DYN
  if (value instanceof Double) return DOUBLE
  if (value instanceof Uint) return UINT
  if (value instanceof Timestamp) return TIMESTAMP
  if (value instanceof Duration) return DURATION
  if (value instanceof Optional) return OPTIONAL
  if (value instanceof Opaque) return value.type
  if (value instanceof CelType) return TYPE
  if (value instanceof Uint8Array) return BYTES
  return OPAQUE
}
