import { isError } from '../../../apimachinery/cel/index.ts'
import { type Evaluator, type Expression, OutOfBudget } from './evaluate.ts'

/** What match conditions say of a request. */
export interface Matched {
  readonly matches: boolean
  /** Why that cannot be known. */
  readonly problem?: string
  /** How many conditions could not be evaluated. */
  readonly errors?: number
}

/** One false settles it, whatever the others are; a budget that is spent makes all of it fail. */
export function evaluateConditions(conditions: readonly Expression[], evaluator: Evaluator): Matched {
  const problems: string[] = []
  let matches = true
  try {
    for (const condition of conditions) {
      const value = evaluator.evaluate(condition)
      if (isError(value)) problems.push(value.message)
      else if (value === false) matches = false
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return { matches: true, problem: error.message }
  }
  if (problems.length === 0) return { matches }
  return { matches, errors: problems.length, ...(matches && { problem: aggregate(problems) }) }
}

/** As upstream prints several errors: each once, in brackets. */
function aggregate(problems: readonly string[]): string {
  const [first = '', ...others] = new Set(problems)
  return others.length === 0 ? first : `[${[first, ...others].join(', ')}]`
}
