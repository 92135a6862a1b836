import { doubleText, toStringValue } from '../values/convert.ts'
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  isError,
  noSuchOverload,
  NONE,
  Optional,
  typeOf,
  Uint,
} from '../values/values.ts'
import { charge, type Eval, type Frame } from './frame.ts'

/** A step from a value to a part of it: a field, a key, an index. */
export interface Qualifier {
  /** The key, known or to be computed. */
  readonly key: CelValue | undefined
  readonly keyEval: Eval | undefined
  /** `.?field` or `[?key]`: from here on what is absent is none. */
  readonly optional: boolean
  /** has(): asks whether it is there. */
  readonly test: boolean
}

/**
 * A path into a variable or other value. Its parts cost one each; the variable itself costs one more where the path
 * is evaluated for its own sake, but not inside the branches of a conditional or as a key: upstream's accounting.
 */
export class Attribute {
  readonly #base: Eval | Conditional
  readonly #qualifiers: Qualifier[] = []

  constructor(base: Eval | Conditional) {
    this.#base = base
  }

  add(qualifier: Qualifier): void {
    if (typeof this.#base === 'function') this.#qualifiers.push(qualifier)
    else for (const branch of [this.#base.yes, this.#base.no]) branch.add(qualifier)
  }

  /** Without the cost of the variable. */
  raw(): Eval {
    if (typeof this.#base === 'function') return qualified(this.#base, this.#qualifiers)
    const { condition, yes, no } = this.#base
    return branches(condition, yes.raw(), no.raw())
  }

  /** With the cost of the variable. */
  full(): Eval {
    const raw = this.raw()
    if (typeof this.#base !== 'function') return raw
    if (this.#qualifiers.at(-1)?.test === true) return present(raw)
    return (frame) => {
      const value = raw(frame)
      charge(frame, 1)
      return value
    }
  }
}

/** `condition ? yes : no` */
export interface Conditional {
  readonly condition: Eval
  readonly yes: Attribute
  readonly no: Attribute
}

function branches(condition: Eval, yes: Eval, no: Eval): Eval {
  return (frame) => {
    const value = condition(frame)
    if (value === true) return yes(frame)
    if (value === false) return no(frame)
    return isError(value) ? value : noSuchOverload
  }
}

/** has() of a path through optionals. */
function present(raw: Eval): Eval {
  return (frame) => {
    const value = raw(frame)
    return value instanceof Optional ? value.value !== undefined : value
  }
}

function qualified(base: Eval, qualifiers: readonly Qualifier[]): Eval {
  const [only] = qualifiers
  if (only === undefined) return base
  const general = path(qualifiers)
  if (qualifiers.length === 1 && !only.optional && !only.test && typeof only.key === 'string') {
    return field(base, only.key, general)
  }
  return (frame) => general(frame, base(frame))
}

/** Follows a path into a value. */
type Path = (frame: Frame, value: CelValue) => CelValue

function path(qualifiers: readonly Qualifier[]): Path {
  return (frame, start) => {
    let value = start
    let optional = false
    if (value instanceof Optional) {
      if (value.value === undefined) return value
      value = value.value
      optional = true
    }
    for (const qualifier of qualifiers) {
      if (isError(value)) return value
      optional ||= qualifier.optional
      const key = qualifier.keyEval === undefined ? qualifier.key : qualifier.keyEval(frame)
      if (key === undefined || isError(key)) {
        charge(frame, 1)
        return key ?? null
      }
      const next = lookUp(value, key, qualifier.test || optional)
      if (next !== undefined || !optional) charge(frame, 1)
      if (isError(next)) return next
      if (qualifier.test && !optional) value = next !== undefined
      else if (next === undefined) return optional ? NONE : missing(value, key)
      else value = next
    }
    return optional && !isError(value) ? new Optional(value) : value
  }
}

/** The most common path: one field of a variable. `general` is for what is no map. */
function field(base: Eval, key: string, general: Path): Eval {
  const absent = new CelError(`no such key: ${key}`)
  return (frame) => {
    const value = base(frame)
    if (!(value instanceof CelMap)) return general(frame, value)
    charge(frame, 1)
    const found = value.find(key)
    return found === undefined ? absent : found
  }
}

/** The part of a value under a key; undefined if it is absent or, when only asked for, cannot have any. */
function lookUp(value: CelValue, key: CelValue, asked: boolean): CelValue | undefined {
  if (value instanceof CelMap) return value.find(key)
  if (value instanceof CelList) {
    const index = indexOf(key)
    if (typeof index !== 'number') return index
    return index >= 0 && index < value.size ? value.get(index) : undefined
  }
  return asked ? undefined : missing(value, key)
}

/** A list's index: any number that is whole. */
export function indexOf(key: CelValue): number | CelError {
  if (typeof key === 'number') return key
  if (typeof key === 'bigint') return Number.MAX_SAFE_INTEGER
  if (key instanceof Uint) return Number(key.value)
  if (key instanceof Double && Number.isInteger(key.value)) return key.value
  if (key instanceof Double) return new CelError(`unsupported index value ${doubleText(key.value)} in list`)
  return new CelError(`unsupported index type '${typeOf(key).name}' in list`)
}

function missing(value: CelValue, key: CelValue): CelError {
  const text = toStringValue(key)
  const name = typeof text === 'string' ? text : typeOf(key).name
  return new CelError(value instanceof CelList ? `index out of bounds: ${name}` : `no such key: ${name}`)
}
