/** A range of costs or sizes, within unsigned 64 bits: what would exceed them stays at the most. */
export interface Range {
  readonly min: bigint
  readonly max: bigint
}

export const MAX = 2n ** 64n - 1n

export const NOTHING: Range = { min: 0n, max: 0n }
export const UNKNOWN: Range = { min: 0n, max: MAX }

/** Exactly this. */
export function fixed(value: number): Range {
  return { min: BigInt(value), max: BigInt(value) }
}

const capped = (value: bigint): bigint => (value > MAX ? MAX : value)

export function add(...ranges: readonly Range[]): Range {
  return ranges.reduce((a, b) => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) }), NOTHING)
}

export function multiply(a: Range, b: Range): Range {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) }
}

/** Both of them, and what lies between. */
export function union(a: Range, b: Range): Range {
  return { min: a.min < b.min ? a.min : b.min, max: a.max > b.max ? a.max : b.max }
}

/** Each end times a factor, rounded up. */
export function byFactor({ min, max }: Range, factor: number): Range {
  return { min: scaled(min, factor), max: scaled(max, factor) }
}

function scaled(value: bigint, factor: number): bigint {
  const exact = Number(value)
  if (exact > 0 && factor > 0 && exact > 2 ** 64 / factor) return MAX
  const ceiling = Math.ceil(exact * factor)
  return ceiling >= 2 ** 64 ? MAX : BigInt(ceiling)
}
