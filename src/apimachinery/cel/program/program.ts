import { PER_CALL_LIMIT } from '../limits.ts'
import { CelError, type CelValue, isError } from '../values/values.ts'
import { type Activation, CostExceeded, type Eval, type Frame } from './frame.ts'

/** Of an expression that binds nothing; never written. */
const NO_LOCALS: (CelValue | undefined)[] = []

/** What an evaluation gives. */
export interface Evaluation {
  /** The value, or a CelError. */
  readonly value: CelValue
  readonly cost: number
  /** The evaluation cost more than it may and was ended; the value is the error that says so. */
  readonly exceeded: boolean
}

/** A compiled expression. Immutable; evaluate it any number of times. */
export class Program {
  readonly #eval: Eval
  /** As they are before each evaluation. */
  readonly #locals: readonly (CelValue | undefined)[]

  constructor(evaluate: Eval, slots: number) {
    this.#eval = evaluate
    this.#locals = Array.from({ length: slots })
  }

  /** Evaluates on the values of the variables, for at most `limit`. Never throws on data. */
  evaluate(variables: Activation, limit: number = PER_CALL_LIMIT): Evaluation {
    const frame: Frame = {
      variables,
      locals: this.#locals.length === 0 ? NO_LOCALS : this.#locals.slice(),
      cost: 0,
      limit,
    }
    try {
      const value = this.#eval(frame)
      return { value, cost: frame.cost, exceeded: false }
    } catch (error) {
      return { value: failure(error), cost: frame.cost, exceeded: error instanceof CostExceeded }
    }
  }
}

/** What ends an evaluation otherwise than by a value: the budget, or the machine's own limits. */
function failure(error: unknown): CelError {
  if (error instanceof CostExceeded) return new CelError(error.message)
  if (error instanceof RangeError) return new CelError(`internal error: ${error.message}`)
  if (isError(error)) return error
  throw error
}
