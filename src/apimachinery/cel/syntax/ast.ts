import type { CelValue } from '../values/values.ts'

/** An expression as parsed, macros expanded. `offset` is where errors about it point, in UTF-16 units of the source. */
export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension | Broken

interface Node {
  readonly offset: number
}

export interface Literal extends Node {
  readonly kind: 'literal'
  readonly value: CelValue
}

export interface Ident extends Node {
  readonly kind: 'ident'
  readonly name: string
}

/** `operand.field`, or with `test` the macro `has(operand.field)`. */
export interface Select extends Node {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  readonly test: boolean
}

/** `fn(args)`, `target.fn(args)`, or an operator by its name of the specification (`_+_`). */
export interface Call extends Node {
  readonly kind: 'call'
  readonly fn: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}

export interface ListExpr extends Node {
  readonly kind: 'list'
  readonly elements: readonly Expr[]
  /** Indices of the elements written `?e`. */
  readonly optional: ReadonlySet<number>
}

export interface MapEntry extends Node {
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

export interface MapExpr extends Node {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
}

export interface StructField extends Node {
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}

export interface StructExpr extends Node {
  readonly kind: 'struct'
  readonly typeName: string
  readonly fields: readonly StructField[]
}

/** What all(), exists(), map(), ... become: a fold over a list or map. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension'
  readonly range: Expr
  readonly variable: string
  /** Given: `variable` is the index or key, this the value. */
  readonly variable2: string | undefined
  readonly accumulator: string
  readonly initial: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

/** Stands where a reported error was. */
export interface Broken extends Node {
  readonly kind: 'broken'
}

/** Each child of an expression, in the order of evaluation. */
export function* children(expr: Expr): Generator<Expr> {
  switch (expr.kind) {
    case 'select':
      yield expr.operand
      break
    case 'call':
      if (expr.target !== undefined) yield expr.target
      yield* expr.args
      break
    case 'list':
      yield* expr.elements
      break
    case 'map':
      for (const entry of expr.entries) yield* [entry.key, entry.value]
      break
    case 'struct':
      for (const field of expr.fields) yield field.value
      break
    case 'comprehension':
      yield* [expr.range, expr.initial, expr.condition, expr.step, expr.result]
      break
    case 'literal':
    case 'ident':
    case 'broken':
  }
}
