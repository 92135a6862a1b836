import type { CelValue } from '../values/values.ts'

/** The values of an expression's variables, by name. */
export type Activation = Readonly<Record<string, CelValue | undefined>>

/** The state of one evaluation. */
export interface Frame {
  readonly variables: Activation
  /** What comprehensions bind, by slot. */
  readonly locals: (CelValue | undefined)[]
  cost: number
  readonly limit: number
}

/** A node of a program. */
export type Eval = (frame: Frame) => CelValue

/** Thrown when an evaluation costs more than it may. */
export class CostExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** Adds to the cost of an evaluation. */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.limit) throw new CostExceeded()
}
