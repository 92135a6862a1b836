import type { AuthorizationAnswer, AuthorizationQuestion, Authorize } from '../../../apimachinery/cel/index.ts'
import type { UserInfo } from '../../authn/types.ts'
import type { Authorization, AuthorizationAttributes, Authorizer } from '../../authz/types.ts'
import type { AdmissionAttributes } from '../types.ts'

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

/**
 * Runs an evaluation that may ask the authorizer about the request's user. Expressions cannot wait: where an answer
 * takes time, the evaluation ends, and starts anew once the answer is there.
 */
export async function withAuthorizer<T>(
  authorizer: Authorizer,
  { user }: Pick<AdmissionAttributes, 'user'>,
  evaluate: (ask: Authorize) => T,
): Promise<T> {
  const answers = new Map<string, AuthorizationAnswer>()
  const ask: Authorize = (question) => {
    const key = JSON.stringify(question)
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = answerOf(authorizer, question, user)
    if (answer instanceof Promise) throw new Waits(key, answer)
    answers.set(key, answer)
    return answer
  }
  for (;;) {
    try {
      return evaluate(ask)
    } catch (error) {
      if (!(error instanceof Waits)) throw error
      answers.set(error.key, await error.answer)
    }
  }
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
