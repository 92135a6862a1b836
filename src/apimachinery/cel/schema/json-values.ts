import { CelList, CelMap, type CelValue, Double, toInt } from '../values/values.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Parsed JSON as a CEL value, its types by its looks: a whole number is an int. Nothing is copied. */
export function jsonValue(raw: unknown): CelValue {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
      return raw
    case 'number':
      return jsonNumber(raw)
    case 'bigint':
      return toInt(raw)
    case 'object':
      if (raw === null) return null
      return Array.isArray(raw) ? new JsonList(raw) : new JsonMap(raw as JsonObject)
    default:
      return null
  }
}

const TWO_63 = 2 ** 63

function jsonNumber(raw: number): CelValue {
  if (Number.isSafeInteger(raw)) return raw
  return Number.isInteger(raw) && Math.abs(raw) < TWO_63 ? toInt(BigInt(raw)) : new Double(raw)
}

/** A value that stands for parsed JSON. */
export interface FromJson {
  readonly raw: unknown
}

/** A JSON array of values of any type. */
export class JsonList extends CelList implements FromJson {
  readonly raw: readonly unknown[]
  constructor(raw: readonly unknown[]) {
    super()
    this.raw = raw
  }
  get size(): number {
    return this.raw.length
  }
  get(index: number): CelValue {
    return jsonValue(this.raw[index])
  }
}

/** A JSON object with values of any type. */
export class JsonMap extends CelMap implements FromJson {
  readonly raw: JsonObject
  constructor(raw: JsonObject) {
    super()
    this.raw = raw
  }
  get size(): number {
    return Object.keys(this.raw).length
  }
  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.raw, key)) return undefined
    const value = this.raw[key]
    return value === undefined ? undefined : jsonValue(value)
  }
  keys(): Iterable<CelValue> {
    return Object.keys(this.raw)
  }
}
