import { admissionEnvironment, compileExpression } from '../../../api/admissionregistration/expressions/compile.ts'
import type { MatchCondition } from '../../../api/generated/types/admissionregistration/v1.ts'
import { BOOL, RUNTIME_COST_BUDGET_MATCH_CONDITIONS } from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { Conditioned } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import { authorizerVariables, requestVariables } from '../expressions/activation.ts'
import { withAuthorizer } from '../expressions/authorize.ts'
import { evaluateConditions } from '../expressions/conditions.ts'
import { Evaluator, type Expression, type Variables } from '../expressions/evaluate.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'
import { inVersion } from './ask.ts'

const NO_VARIABLES: Variables = new Map()

/** The match conditions of a webhook, ready to run. Immutable; compile them once for a configuration. */
export class Conditions {
  readonly #conditions: readonly Expression[]

  constructor(conditions: readonly Frozen<MatchCondition>[]) {
    const environment = admissionEnvironment({ params: false, authorizer: true })
    this.#conditions = conditions.map(({ expression }) => {
      return { source: expression, compiled: compileExpression(expression, environment, [BOOL]) }
    })
  }

  /** Whether a webhook is to be asked. Throws 403 where that cannot be known and failures count. */
  async match(
    { authorizer, env, counts }: Pick<AdmissionSources, 'authorizer' | 'env' | 'counts'>,
    of: Conditioned,
    attributes: AdmissionAttributes,
    definition: ResourceDefinition,
    failOpen: boolean,
  ): Promise<boolean> {
    const variables = await inVersion(() => requestVariables(attributes, definition))
    const start = env.clock.monotonic()
    const {
      matches,
      problem,
      errors = 0,
    } = await withAuthorizer(authorizer, attributes, (ask, pace) => {
      const given = { ...variables, ...authorizerVariables(ask, attributes) }
      const evaluator = new Evaluator(given, NO_VARIABLES, RUNTIME_COST_BUDGET_MATCH_CONDITIONS, pace)
      return evaluateConditions(this.#conditions, evaluator)
    })
    const { operation } = attributes
    // Those that hold are not timed, as upstream.
    if (!matches || errors > 0) counts.conditions.evaluated(of, operation, (env.clock.monotonic() - start) / 1000)
    for (let index = 0; index < errors; index++) counts.conditions.failed(of, operation)
    if (problem === undefined) {
      if (!matches) counts.conditions.excluded(of, operation)
      return matches
    }
    if (failOpen) {
      counts.conditions.excluded(of, operation)
      return false
    }
    throw admissionForbidden(attributes, problem)
  }
}
