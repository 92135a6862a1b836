import type { CompiledExpression } from '../../../api/admissionregistration/expressions/compile.ts'
import { PolicyCompiler } from '../../../api/admissionregistration/expressions/composition.ts'
import type { ValidatingAdmissionPolicy, Validation } from '../../../api/generated/types/admissionregistration/v1.ts'
import {
  BOOL,
  type CelType,
  type CelValue,
  isError,
  MAX_EVALUATED_MESSAGE_EXPRESSION_SIZE_BYTES,
  NULL,
  RUNTIME_COST_BUDGET,
  RUNTIME_COST_BUDGET_MATCH_CONDITIONS,
  STRING,
} from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import type { CheckError } from '../metrics.ts'
import { evaluateConditions, type Matched } from '../expressions/conditions.ts'
import {
  Evaluator,
  type ExpressionPace,
  type Expression,
  OutOfBudget,
  type Variables,
} from '../expressions/evaluate.ts'
import { failsOpen } from './types.ts'

/** Why a request is not valid. */
export interface Failure {
  /** Of the validation, among those of the policy. */
  readonly index: number
  readonly message: string
  /** The Status' reason; undefined where a validation could not be evaluated. */
  readonly reason?: string | undefined
  /** As what it is counted; a refusal is no error. */
  readonly error: CheckError
}

/** What a policy says of a request. */
export interface Outcome {
  readonly failures: readonly Failure[]
  readonly annotations: readonly { readonly key: string; readonly value: string }[]
  /** Annotations that could not be made, where that counts. */
  readonly annotationErrors: readonly string[]
  /** Errors that are let pass. */
  readonly ignored?: readonly CheckError[]
  /** Where there are match conditions: what they said. */
  readonly conditions?: Matched
}

type Judged = Required<Pick<Outcome, 'failures' | 'ignored'>>
const NONE: Judged = { failures: [], ignored: [] }
const NOTHING: Outcome = { failures: [], annotations: [], annotationErrors: [] }

interface CompiledValidation extends Expression {
  readonly validation: Frozen<Validation>
  readonly message: Expression | undefined
}

interface CompiledAnnotation extends Expression {
  readonly key: string
}

type Values = Readonly<Record<string, CelValue>>

/** The values of a policy's variables. */
export interface Activations {
  /** Of all but those that ask the authorizer. */
  readonly values: Values
  /** Of all. */
  readonly asking: Values
}

/** A ValidatingAdmissionPolicy, ready to be asked. Immutable. */
export class Validator {
  readonly #failsOpen: boolean
  readonly #variables: Variables
  readonly #conditions: readonly Expression[]
  readonly #validations: readonly CompiledValidation[]
  readonly #annotations: readonly CompiledAnnotation[]
  /** Whether any message is an expression: these are evaluated whatever the results are, for they cost. */
  readonly #saysMore: boolean

  constructor(policy: Frozen<ValidatingAdmissionPolicy>) {
    const {
      paramKind,
      variables = [],
      matchConditions = [],
      validations = [],
      auditAnnotations = [],
    } = policy.spec ?? {}
    const compiler = new PolicyCompiler({ params: paramKind !== undefined, composed: true })
    const compile = (source: string, type: CelType, authorizer = true, ...types: CelType[]): Expression => {
      return {
        source,
        compiled: compiler.compile(source, { authorizer }, [type, ...types]) satisfies CompiledExpression,
      }
    }
    for (const { name, expression } of variables) compiler.addVariable(name, expression)
    this.#failsOpen = failsOpen(policy)
    this.#variables = compiler.variables
    this.#conditions = matchConditions.map(({ expression }) => compile(expression, BOOL))
    this.#validations = validations.map((validation) => {
      const { expression, messageExpression } = validation
      const message = messageExpression ? compile(messageExpression, STRING, false) : undefined
      return { ...compile(expression, BOOL), validation, message }
    })
    this.#saysMore = this.#validations.some(({ message }) => message !== undefined)
    this.#annotations = auditAnnotations.map(({ key, valueExpression }) => {
      return { key, ...compile(valueExpression, STRING, true, NULL) }
    })
  }

  /** Whether it asks first if it is to be evaluated at all. */
  get isConditional(): boolean {
    return this.#conditions.length > 0
  }

  /** Evaluates all of it; throws what the authorizer's variables throw, and with a pace Tired. */
  validate({ values, asking }: Activations, pace?: ExpressionPace): Outcome {
    if (this.#conditions.length > 0) {
      const conditioned = { ...asking, namespaceObject: null }
      const evaluator = new Evaluator(conditioned, this.#variables, RUNTIME_COST_BUDGET_MATCH_CONDITIONS, pace)
      const conditions = evaluateConditions(this.#conditions, evaluator)
      if (!conditions.matches) return { ...NOTHING, conditions }
      if (conditions.problem !== undefined) return { ...this.#failed(conditions.problem), conditions }
    }
    try {
      const { failures, ignored } = this.#failures(values, asking, pace)
      if (this.#annotations.length > 0) return { failures, ignored, ...this.#annotated(values, pace) }
      return failures.length + ignored.length === 0 ? NOTHING : { ...NOTHING, failures, ignored }
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error
      return this.#failed(error.message, 'out_of_budget')
    }
  }

  #failed(message: string, error: CheckError = 'invalid_error'): Outcome {
    return this.#failsOpen ? { ...NOTHING, ignored: [error] } : { ...NOTHING, failures: [{ index: 0, message, error }] }
  }

  #failures(values: Values, asking: Values, pace: ExpressionPace | undefined): Judged {
    const evaluator = new Evaluator(asking, this.#variables, RUNTIME_COST_BUDGET, pace)
    const results: CelValue[] = []
    let passed = !this.#saysMore
    for (const validation of this.#validations) {
      const result = evaluator.evaluate(validation)
      if (result !== true) passed = false
      results.push(result)
    }
    if (passed) return NONE
    const messages = this.#messages(new Evaluator(values, this.#variables, evaluator.budget, pace))
    const failures: Failure[] = []
    const ignored: CheckError[] = []
    for (const [index, { validation }] of this.#validations.entries()) {
      const result = results[index]
      const failed = isError(result) ? result.message : messages instanceof OutOfBudget ? tooDear(messages) : undefined
      if (failed !== undefined) {
        const error = isError(result) ? 'invalid_error' : 'out_of_budget'
        if (this.#failsOpen) ignored.push(error)
        else failures.push({ index, message: failed, error })
      } else if (result !== true) {
        const said = messages instanceof OutOfBudget ? undefined : messages[index]
        const message = messageOf(validation, said)
        failures.push({ index, message, reason: validation.reason ?? 'Invalid', error: 'invalid_error' })
      }
    }
    return { failures, ignored }
  }

  #messages(evaluator: Evaluator): readonly (CelValue | undefined)[] | OutOfBudget {
    try {
      return this.#validations.map(({ message }) => message && evaluator.evaluate(message))
    } catch (error) {
      if (error instanceof OutOfBudget) return error
      throw error
    }
  }

  /** Annotations cannot ask the authorizer, though they may name it. */
  #annotated(
    values: Readonly<Record<string, CelValue>>,
    pace: ExpressionPace | undefined,
  ): Pick<Outcome, 'annotations' | 'annotationErrors'> {
    const evaluator = new Evaluator(values, this.#variables, RUNTIME_COST_BUDGET, pace)
    const annotations: { key: string; value: string }[] = []
    const annotationErrors: string[] = []
    for (const annotation of this.#annotations) {
      const result = evaluator.evaluate(annotation)
      if (isError(result)) {
        if (!this.#failsOpen) annotationErrors.push(result.message)
        continue
      }
      const value = typeof result === 'string' ? result.trim() : ''
      if (value) annotations.push({ key: annotation.key, value })
    }
    return { annotations, annotationErrors }
  }
}

const tooDear = (error: OutOfBudget): string => `failed messageExpression: ${error.message}`

/** The message expression's text if it gave a fit one, else the message, else the expression. */
function messageOf({ message = '', expression }: Frozen<Validation>, said: CelValue | undefined): string {
  const text = typeof said === 'string' ? said.trim() : ''
  const fits = !text.includes('\n') && byteLength(text) <= MAX_EVALUATED_MESSAGE_EXPRESSION_SIZE_BYTES
  return (fits && text) || message.trim() || `failed expression: ${expression.trim()}`
}
