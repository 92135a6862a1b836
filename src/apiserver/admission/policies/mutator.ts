import { PolicyCompiler } from '../../../api/admissionregistration/expressions/composition.ts'
import { JSON_PATCH_TYPE, OBJECT_TYPE } from '../../../api/admissionregistration/expressions/patch-types.ts'
import type { MutatingAdmissionPolicy, Mutation } from '../../../api/generated/types/admissionregistration/v1.ts'
import {
  type Authorize,
  BOOL,
  type CelValue,
  isError,
  listType,
  RUNTIME_COST_BUDGET,
  RUNTIME_COST_BUDGET_MATCH_CONDITIONS,
} from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { authorizerVariables } from '../expressions/activation.ts'
import { evaluateConditions, type Matched } from '../expressions/conditions.ts'
import { Evaluator, type ExpressionPace, type Expression, type Variables } from '../expressions/evaluate.ts'
import { given, type World } from './world.ts'

/** A mutation of a policy, compiled. */
export interface CompiledMutation extends Expression {
  readonly patchType: NonNullable<Mutation['patchType']>
}

/** A mutation cannot be made; the policy's failurePolicy decides. */
export class MutationError extends Error {}

/** A MutatingAdmissionPolicy, ready to be asked. Immutable. */
export class Mutator {
  readonly mutations: readonly CompiledMutation[]
  readonly #variables: Variables
  readonly #conditions: readonly Expression[]

  constructor({ spec }: Frozen<MutatingAdmissionPolicy>) {
    const { paramKind, variables = [], matchConditions = [], mutations = [] } = spec ?? {}
    const compiler = new PolicyCompiler({ params: paramKind !== undefined, composed: true })
    for (const { name, expression } of variables) compiler.addVariable(name, expression)
    this.#variables = compiler.variables
    this.#conditions = matchConditions.map(({ expression }) => {
      return { source: expression, compiled: compiler.compile(expression, { authorizer: true }, [BOOL]) }
    })
    this.mutations = mutations.map((mutation) => compiledMutation(mutation, compiler))
  }

  /** Whether the policy is for a request. */
  matches(world: World, ask: Authorize, pace: ExpressionPace): Matched {
    if (this.#conditions.length === 0) return { matches: true }
    const values = { ...given(world), ...authorizerVariables(ask, world.attributes), namespaceObject: null }
    const evaluator = new Evaluator(values, this.#variables, RUNTIME_COST_BUDGET_MATCH_CONDITIONS, pace)
    return evaluateConditions(this.#conditions, evaluator)
  }

  /** The patch that a mutation makes. Throws MutationError or OutOfBudget. */
  evaluate(mutation: CompiledMutation, world: World, ask: Authorize, pace: ExpressionPace): CelValue {
    if (!mutation.compiled.ok) throw new MutationError(mutation.compiled.problem)
    const values = { ...given(world), ...authorizerVariables(ask, world.attributes) }
    const value = new Evaluator(values, this.#variables, RUNTIME_COST_BUDGET, pace).evaluate(mutation)
    if (isError(value)) throw new MutationError(value.message)
    return value
  }
}

function compiledMutation(mutation: Frozen<Mutation>, compiler: PolicyCompiler): CompiledMutation {
  const { patchType, jsonPatch, applyConfiguration } = mutation
  const isPatch = patchType === 'JSONPatch'
  const source = (isPatch ? jsonPatch : applyConfiguration)?.expression ?? ''
  const wanted = isPatch ? listType(JSON_PATCH_TYPE) : OBJECT_TYPE
  const compiled = compiler.compile(source, { authorizer: true, patches: true }, [wanted])
  return { patchType: isPatch ? 'JSONPatch' : 'ApplyConfiguration', source, compiled }
}
