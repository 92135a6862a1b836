import {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  type Authorize,
  Pace,
  Tired,
} from '../../../apimachinery/cel/index.ts'
import { nextTurn } from '../../../lib/turn.ts'
import type { UserInfo } from '../../authn/types.ts'
import type { Authorization, AuthorizationAttributes, Authorizer } from '../../authz/types.ts'
import type { MaybePromise } from '../../../store/store.ts'
import { NeedsConversion } from '../../registry/conversions.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { ExpressionPace } from './evaluate.ts'

/** Ends an evaluation that needs an answer which takes time. */
class Waits extends Error {
  readonly key: string
  readonly answer: Promise<AuthorizationAnswer>
  constructor(key: string, answer: Promise<AuthorizationAnswer>) {
    super('an authorizer takes its time')
    this.key = key
    this.answer = answer
  }
}

/** What authorizers have said to one request's expressions: each question is put once. */
export class Asked {
  readonly #authorizer: Authorizer
  readonly #user: UserInfo
  readonly #answers = new Map<string, AuthorizationAnswer>()

  constructor(authorizer: Authorizer, { user }: Pick<AdmissionAttributes, 'user'>) {
    this.#authorizer = authorizer
    this.#user = user
  }

  /** Throws where an answer takes time; `run` sees to that. */
  readonly ask: Authorize = (question) => {
    const key = JSON.stringify(question)
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const answer = answerOf(this.#authorizer, question, this.#user)
    if (answer instanceof Promise) throw new Waits(key, answer)
    this.#answers.set(key, answer)
    return answer
  }

  /** What one request's expressions have cost since others had their turn. */
  readonly #pace: ExpressionPace = new Pace()

  /**
   * Runs an evaluation that may ask. Expressions cannot wait: where an answer or another version of an object takes time, or others must have their turn, the
   * evaluation ends, and starts anew afterwards; what its pace knows is not evaluated again.
   */
  run<T>(evaluate: (ask: Authorize, pace: ExpressionPace) => T): MaybePromise<T> {
    this.#pace.forget()
    return this.#begin(evaluate)
  }

  /** Resolves when others had their turn, if they must; undefined otherwise. */
  rest(): Promise<void> | undefined {
    return this.#pace.tired ? nextTurn() : undefined
  }

  #begin<T>(evaluate: (ask: Authorize, pace: ExpressionPace) => T): MaybePromise<T> {
    try {
      return evaluate(this.ask, this.#pace)
    } catch (error) {
      return this.#later(error).then(() => this.#begin(evaluate))
    }
  }

  /** Waits for what an evaluation has to wait for; throws what is nothing of the kind. */
  #later(error: unknown): Promise<void> {
    if (error instanceof Tired) return nextTurn().then(() => this.#pace.rewind())
    this.#pace.restart()
    if (error instanceof NeedsConversion) return error.ready()
    if (!(error instanceof Waits)) throw error
    return error.answer.then((answer) => void this.#answers.set(error.key, answer))
  }
}

/** Runs one evaluation that may ask the authorizer about the request's user. */
export async function withAuthorizer<T>(
  authorizer: Authorizer,
  attributes: Pick<AdmissionAttributes, 'user'>,
  evaluate: (ask: Authorize, pace: ExpressionPace) => T,
): Promise<T> {
  const asked = new Asked(authorizer, attributes)
  const result = await asked.run(evaluate)
  await asked.rest()
  return result
}

function answerOf(
  authorizer: Authorizer,
  question: AuthorizationQuestion,
  user: UserInfo,
): AuthorizationAnswer | Promise<AuthorizationAnswer> {
  const failed = (error: unknown): AuthorizationAnswer => {
    return { allowed: false, reason: '', error: error instanceof Error ? error.message : String(error) }
  }
  try {
    const answer = authorizer.authorize(attributesOf(question, user))
    return answer instanceof Promise ? answer.then(answered, failed) : answered(answer)
  } catch (error) {
    return failed(error)
  }
}

function answered({ decision, reason = '', error }: Authorization): AuthorizationAnswer {
  return { allowed: decision === 'Allow', reason, ...(error !== undefined && { error }) }
}

function attributesOf(question: AuthorizationQuestion, user: UserInfo): AuthorizationAttributes {
  const { verb, path = '', resource, serviceAccount } = question
  return {
    user: serviceAccount === undefined ? user : serviceAccountUser(serviceAccount),
    verb,
    path,
    resourceRequest: resource !== undefined,
    namespace: resource?.namespace ?? '',
    apiGroup: resource?.group ?? '',
    apiVersion: resource === undefined ? '' : '*',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    name: resource?.name ?? '',
    ...(resource?.fieldSelector && { fieldSelector: resource.fieldSelector }),
    ...(resource?.labelSelector && { labelSelector: resource.labelSelector }),
  }
}

function serviceAccountUser({ namespace, name }: { namespace: string; name: string }): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  }
}
