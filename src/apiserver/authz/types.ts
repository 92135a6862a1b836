import type { MaybePromise } from '../../store/store.ts'
import type { UserInfo } from '../authn/types.ts'

/** What is asked to be allowed (upstream's authorizer.Attributes). */
export interface AuthorizationAttributes {
  readonly user: UserInfo
  readonly verb: string
  /** False for paths such as /healthz; then only `path` and `verb` count. */
  readonly resourceRequest: boolean
  readonly path: string
  readonly namespace: string
  readonly apiGroup: string
  readonly apiVersion: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** As in the query, for verbs that select. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export type Decision = 'Allow' | 'Deny' | 'NoOpinion'

export interface Authorization {
  readonly decision: Decision
  /** Why, for the refused client and the audit log. */
  readonly reason?: string
}

/** Decides whether a request may go on. A throw is an internal error of the authorizer. */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): MaybePromise<Authorization>
  /** What a user may do in a namespace, for SelfSubjectRulesReview. */
  rulesFor?(user: UserInfo, namespace: string): MaybePromise<RulesFor>
}

/** authorization.k8s.io SubjectRulesReviewStatus. */
export interface RulesFor {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[]
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[]
    readonly nonResourceURLs?: readonly string[]
  }[]
  readonly incomplete: boolean
  readonly evaluationError?: string
}

/** Asks each in turn; the first with an opinion decides (upstream's union). */
export function unionOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize: (attributes) => firstOpinion(authorizers, attributes, 0, []),
    async rulesFor(user, namespace) {
      const all = await Promise.all(authorizers.map(async (a) => a.rulesFor?.(user, namespace)))
      const known = all.filter((rules) => rules !== undefined)
      const errors = known.map((r) => r.evaluationError).filter(Boolean)
      return {
        resourceRules: known.flatMap((r) => r.resourceRules),
        nonResourceRules: known.flatMap((r) => r.nonResourceRules),
        incomplete: known.length < all.length || known.some((r) => r.incomplete),
        ...(errors.length > 0 && { evaluationError: errors.join(', ') }),
      }
    },
  }
}

/** Asks from `start` on. It waits only for those that have to: most answer at once. */
function firstOpinion(
  authorizers: readonly Authorizer[],
  attributes: AuthorizationAttributes,
  start: number,
  reasons: string[],
): MaybePromise<Authorization> {
  for (let index = start; index < authorizers.length; index++) {
    const answer = authorizers[index]?.authorize(attributes)
    if (!answer) continue
    if (answer instanceof Promise) {
      return answer.then((late) => {
        if (late.decision !== 'NoOpinion') return late
        if (late.reason) reasons.push(late.reason)
        return firstOpinion(authorizers, attributes, index + 1, reasons)
      })
    }
    if (answer.decision !== 'NoOpinion') return answer
    if (answer.reason) reasons.push(answer.reason)
  }
  return { decision: 'NoOpinion', reason: reasons.join('\n') }
}

/** Allows all. For tests and single-user clusters that ask for it. */
export const alwaysAllow: Authorizer = { authorize: () => ({ decision: 'Allow' }) }
