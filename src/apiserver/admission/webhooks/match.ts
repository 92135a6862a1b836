import { admissionEnvironment, compileExpression } from '../../../api/admissionregistration/expressions/compile.ts'
import type { MatchCondition } from '../../../api/generated/types/admissionregistration/v1.ts'
import {
  BOOL,
  type CelValue,
  isError,
  type Program,
  RUNTIME_COST_BUDGET_MATCH_CONDITIONS,
} from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { Authorizer } from '../../authz/types.ts'
import { authorizerVariables, requestVariables } from '../expressions/activation.ts'
import { withAuthorizer } from '../expressions/authorize.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'

/** The match conditions of a webhook, ready to run. Immutable; compile them once for a configuration. */
export class Conditions {
  readonly #conditions: readonly Condition[]

  constructor(conditions: readonly Frozen<MatchCondition>[]) {
    const environment = admissionEnvironment({ params: false, authorizer: true })
    this.#conditions = conditions.map(({ expression }) => {
      const compiled = compileExpression(expression, environment, [BOOL])
      return { expression, outcome: compiled.ok ? compiled.program : compiled.problem }
    })
  }

  /** Whether a webhook is to be asked. Throws 403 where that cannot be known and failures count. */
  async match(
    authorizer: Authorizer,
    attributes: AdmissionAttributes,
    definition: ResourceDefinition,
    failOpen: boolean,
  ): Promise<boolean> {
    const variables = requestVariables(attributes, definition)
    const { matches, problems } = await withAuthorizer(authorizer, attributes, (ask) =>
      this.#evaluate({ ...variables, ...authorizerVariables(ask, attributes) }),
    )
    if (!matches || problems.length === 0) return matches
    if (failOpen) return false
    throw admissionForbidden(attributes, aggregate(problems))
  }

  /** One false settles it, whatever the others are; a budget that is spent makes all of it fail. */
  #evaluate(variables: Readonly<Record<string, CelValue>>): Outcome {
    const problems: string[] = []
    let matches = true
    let budget = RUNTIME_COST_BUDGET_MATCH_CONDITIONS
    for (const { expression, outcome } of this.#conditions) {
      if (typeof outcome === 'string') {
        problems.push(`compilation error: ${outcome}`)
        continue
      }
      const { value, cost } = outcome.evaluate(variables)
      if (cost > budget) return { matches: true, problems: [OUT_OF_BUDGET] }
      budget -= cost
      if (isError(value)) problems.push(`expression '${expression}' resulted in error: ${value.message}`)
      else if (value === false) matches = false
    }
    return { matches, problems }
  }
}

interface Condition {
  readonly expression: string
  /** The program, or why it does not compile. */
  readonly outcome: Program | string
}

interface Outcome {
  readonly matches: boolean
  readonly problems: readonly string[]
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** As upstream prints several errors: each once, in brackets. */
function aggregate(problems: readonly string[]): string {
  const [first = '', ...others] = new Set(problems)
  return others.length === 0 ? first : `[${[first, ...others].join(', ')}]`
}
