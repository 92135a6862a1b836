import type { CelValue } from '../values/values.ts'
import type { CelType } from './types.ts'

/** A type with fields. */
export interface StructDecl {
  readonly type: CelType
  field(name: string): CelType | undefined
  /** Makes a value of `Name{field: value}`; without it such an expression fails. */
  construct?(fields: ReadonlyMap<string, CelValue>): CelValue
}

/** Knows types by their names. */
export interface TypeProvider {
  /** The type of the name used as a value, `type(T)`. */
  typeNamed(name: string): CelType | undefined
  struct(name: string): StructDecl | undefined
}
