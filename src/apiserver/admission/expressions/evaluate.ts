import type { CompiledExpression } from '../../../api/admissionregistration/expressions/compile.ts'
import type { CompiledVariable } from '../../../api/admissionregistration/expressions/composition.ts'
import { CelError, CelMap, type CelValue, isError, type Pace, type Program } from '../../../apimachinery/cel/index.ts'
import { goQuote } from '../../../lib/quote.ts'

/** An expression of a user's, and what became of it. */
export interface Expression {
  readonly source: string
  readonly compiled: CompiledExpression
}

/** The variables of a policy. */
export type Variables = ReadonlyMap<string, CompiledVariable>

/** Evaluations that give way to others when they are dear. */
export type ExpressionPace = Pace<Map<string, CelValue> | undefined>

/** What several expressions together may spend is spent. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

/**
 * Evaluates expressions on one state of the world, for one budget. The policy's variables are computed when they are
 * first asked for, once.
 */
export class Evaluator {
  /** What may still be spent. */
  budget: number
  readonly #activation: Readonly<Record<string, CelValue>>
  readonly #variables: LazyVariables | undefined
  readonly #pace: ExpressionPace | undefined

  /** `given` is for all variables but `variables`, which it may have when there are none: see NO_VARIABLES. */
  constructor(given: Readonly<Record<string, CelValue>>, variables: Variables, budget: number, pace?: ExpressionPace) {
    this.budget = budget
    this.#pace = pace
    this.#variables =
      variables.size === 0 ? undefined : new LazyVariables(variables, (variable) => this.#variable(variable))
    this.#activation = this.#variables ? { ...given, variables: this.#variables } : given
  }

  /** The value, or an error in upstream's words. Throws OutOfBudget, and with a pace Tired. */
  evaluate({ source, compiled }: Expression): CelValue {
    if (!compiled.ok) return new CelError(`compilation error: ${compiled.problem}`)
    const { program } = compiled
    const { value, cost } = this.#pace ? this.#paced(program, this.#pace) : this.#run(program)
    this.#spend(cost)
    return isError(value) ? new CelError(`expression '${source}' resulted in error: ${value.message}`) : value
  }

  #run(program: Program): Computed {
    const { value, cost } = program.evaluate(this.#activation)
    return { value, cost: cost + (this.#variables?.takeCost() ?? 0) }
  }

  #paced(program: Program, pace: ExpressionPace): Computed {
    const known = pace.known()
    if (known) {
      if (known.variables && this.#variables) this.#variables.known = known.variables
      return known
    }
    const { value, cost } = this.#run(program)
    const step = { value, cost, variables: this.#variables?.known }
    pace.note(step)
    return step
  }

  #spend(cost: number): void {
    if (cost > this.budget) throw new OutOfBudget()
    this.budget -= cost
  }

  #variable({ name, compiled }: CompiledVariable): Computed {
    const failed = (how: string, why: string): CelError =>
      new CelError(`composited variable ${goQuote(name)} fails to ${how}: ${why}`)
    if (!compiled.ok) return { value: failed('compile', compiled.problem), cost: 0 }
    const { value, cost } = compiled.program.evaluate(this.#activation)
    return { value: isError(value) ? failed('evaluate', value.message) : value, cost }
  }
}

interface Computed {
  readonly value: CelValue
  readonly cost: number
}

type Compute = (variable: CompiledVariable) => Computed

/** `variables`. */
class LazyVariables extends CelMap {
  readonly #declared: Variables
  readonly #compute: Compute
  /** What was computed so far. */
  known = new Map<string, CelValue>()
  #cost = 0

  constructor(declared: Variables, compute: Compute) {
    super()
    this.#declared = declared
    this.#compute = compute
  }

  get size(): number {
    return this.#declared.size
  }

  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.known.get(key)
    if (known !== undefined) return known
    const variable = this.#declared.get(key)
    if (!variable) return undefined
    const { value, cost } = this.#compute(variable)
    this.#cost += cost
    this.known.set(key, value)
    return value
  }

  keys(): Iterable<CelValue> {
    return this.#declared.keys()
  }

  /** What computing them has cost since it was last asked. */
  takeCost(): number {
    const cost = this.#cost
    this.#cost = 0
    return cost
  }
}

/** `variables` of a policy that has none. */
export const NO_VARIABLES: CelValue = new LazyVariables(new Map(), () => ({ value: null, cost: 0 }))
