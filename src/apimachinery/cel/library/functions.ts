import type { CelType, TypeKind } from '../check/types.ts'
import type { CelValue } from '../values/values.ts'

/** What an overload does: given as many values as it has arguments, of the types it declares. */
export type Implementation = (...args: CelValue[]) => CelValue

/** One signature of a function. */
export interface Overload {
  /** Names the overload for costs; upstream's id. */
  readonly id: string
  /** A member's first argument is its target. */
  readonly args: readonly CelType[]
  readonly result: CelType
  readonly member: boolean
  readonly call?: Implementation
}

/** A function: its overloads, and for operators the one implementation of them all. */
export interface FunctionDecl {
  readonly name: string
  readonly overloads: readonly Overload[]
  /** Chooses by the values themselves. */
  readonly singleton?: Implementation
  /** The types that the singleton's first argument may have; undefined: any. */
  readonly operands?: readonly TypeKind[]
}

/** A function `name(args)`. */
export function overload(id: string, args: readonly CelType[], result: CelType, call?: Implementation): Overload {
  return { id, args, result, member: false, ...(call && { call }) }
}

/** A function `target.name(args)`. */
export function member(id: string, args: readonly CelType[], result: CelType, call?: Implementation): Overload {
  return { id, args, result, member: true, ...(call && { call }) }
}

/** A function of some overloads. */
export function fn(name: string, ...overloads: Overload[]): FunctionDecl {
  return { name, overloads }
}

/** A function whose overloads share one implementation. */
export function operator(
  name: string,
  singleton: Implementation,
  operands: readonly TypeKind[] | undefined,
  ...overloads: Overload[]
): FunctionDecl {
  return { name, overloads, singleton, ...(operands && { operands }) }
}
