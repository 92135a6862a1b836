import { CelList, CelMap, type CelValue, Double, unescapeName } from '../../../apimachinery/cel/index.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { getOwn } from '../../../lib/own.ts'
import type { UserInfo } from '../types.ts'

/** What a token says, parsed. */
export type Claims = Readonly<Record<string, unknown>>

export const hasClaim = (claims: Claims, name: string): boolean => Object.hasOwn(claims, name)

/** A claim that is a text; null is none. Throws in Go's words. */
export function textClaim(claims: Claims, name: string): string {
  const value = present(claims, name) ?? ''
  if (typeof value !== 'string') throw notOfType(value, 'string')
  return value
}

/** A claim that is true or false. Throws in Go's words. */
export function booleanClaim(claims: Claims, name: string): boolean {
  const value = present(claims, name) ?? false
  if (typeof value !== 'boolean') throw notOfType(value, 'bool')
  return value
}

/** A claim that is a text or a list of texts. Throws in Go's words. */
export function textsClaim(claims: Claims, name: string): string[] {
  const value = present(claims, name) ?? []
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) throw notOfType(value, 'string')
  return value.map((item: unknown) => {
    if (item !== null && typeof item !== 'string') throw notOfType(value, 'string')
    return item ?? ''
  })
}

function present(claims: Claims, name: string): unknown {
  if (!hasClaim(claims, name)) throw new Error('claim not present')
  return getOwn(claims, name)
}

function notOfType(value: unknown, wanted: string): Error {
  return new Error(`json: cannot unmarshal ${goKind(value)} into Go value of type ${wanted}`)
}

/** What Go's decoder calls a JSON value. */
export function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/**
 * Claims as expressions see them: numbers are doubles, as Go's decoder has them, and names that CEL cannot say are said escaped
 * (`claims.example__dot__com`), at any depth.
 */
export function claimsValue(claims: Claims): CelValue {
  return new NamedValues(new Map(Object.entries(claims)))
}

/** A user as rules for users see it. */
export function userValue({ name, uid = '', groups, extra = {} }: UserInfo): CelValue {
  return new NamedValues(
    new Map<string, unknown>([
      ['username', name],
      ['uid', uid],
      ['groups', groups],
      ['extra', extra],
    ]),
  )
}

/** Whoever iterates over it is given the values, not the names (upstream's lazy map does that). */
class NamedValues extends CelMap {
  readonly #values: ReadonlyMap<string, unknown>
  constructor(values: ReadonlyMap<string, unknown>) {
    super()
    this.#values = values
  }
  get size(): number {
    return this.#values.size
  }
  find(key: CelValue): CelValue | undefined {
    const name = typeof key === 'string' ? unescapeName(key) : undefined
    return name !== undefined && this.#values.has(name) ? valueOf(this.#values.get(name)) : undefined
  }
  *keys(): Iterable<CelValue> {
    for (const value of this.#values.values()) yield valueOf(value)
  }
}

class Entries extends CelMap {
  readonly #raw: Readonly<Record<string, unknown>>
  constructor(raw: Readonly<Record<string, unknown>>) {
    super()
    this.#raw = raw
  }
  get size(): number {
    return Object.keys(this.#raw).length
  }
  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const name = unescapeName(key) ?? key
    return Object.hasOwn(this.#raw, name) ? valueOf(this.#raw[name]) : undefined
  }
  keys(): Iterable<CelValue> {
    return Object.keys(this.#raw)
  }
}

class Items extends CelList {
  readonly #raw: readonly unknown[]
  constructor(raw: readonly unknown[]) {
    super()
    this.#raw = raw
  }
  get size(): number {
    return this.#raw.length
  }
  get(index: number): CelValue {
    return valueOf(this.#raw[index])
  }
}

function valueOf(raw: unknown): CelValue {
  if (typeof raw === 'number') return new Double(raw)
  if (typeof raw === 'string' || typeof raw === 'boolean') return raw
  if (Array.isArray(raw)) return new Items(raw)
  return isJsonObject(raw) ? new Entries(raw) : null
}
