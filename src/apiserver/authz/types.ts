import type { MaybePromise } from '../../store/store.ts'
import { aggregateMessage } from '../../apimachinery/aggregate.ts'
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
  /** Who waits for the decision, where somebody does: the signal is aborted when they have gone. Read only by those who have to wait themselves. */
  readonly caller?: { readonly signal: AbortSignal }
}

export type Decision = 'Allow' | 'Deny' | 'NoOpinion'

export interface Authorization {
  readonly decision: Decision
  /** Why, for the refused client and the audit log. */
  readonly reason?: string
  /** What went wrong on the way to the decision. Unless it is to allow, the request then fails as the server's own fault. */
  readonly error?: string
}

/** Decides whether a request may go on. A throw is a fault of the authorizer itself. */
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

/**
 * Asks each in turn; the first with an opinion decides (upstream's union). Rules are those of all who know any: whoever cannot tell their
 * own has to say so.
 */
export function unionOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize: (attributes) => firstOpinion(authorizers, attributes, 0, NOTHING_YET),
    async rulesFor(user, namespace) {
      const all = await Promise.all(authorizers.map(async (a) => a.rulesFor?.(user, namespace)))
      const known = all.filter((rules) => rules !== undefined)
      const errors = known.map((r) => r.evaluationError).filter(Boolean)
      return {
        resourceRules: known.flatMap((r) => r.resourceRules),
        nonResourceRules: known.flatMap((r) => r.nonResourceRules),
        incomplete: known.some((r) => r.incomplete),
        ...(errors.length > 0 && { evaluationError: aggregateMessage(errors) }),
      }
    },
  }
}

/** What those said who had no opinion. */
interface Heard {
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
}

const NOTHING_YET: Heard = { reasons: [], errors: [] }

function andHeard(heard: Heard, { reason, error }: Authorization): Heard {
  if (!reason && !error) return heard
  return {
    reasons: reason ? [...heard.reasons, reason] : heard.reasons,
    errors: error ? [...heard.errors, error] : heard.errors,
  }
}

/** Asks from `start` on. It waits only for those that have to: most answer at once. */
function firstOpinion(
  authorizers: readonly Authorizer[],
  attributes: AuthorizationAttributes,
  start: number,
  before: Heard,
): MaybePromise<Authorization> {
  let heard = before
  for (let index = start; index < authorizers.length; index++) {
    const answer = authorizers[index]?.authorize(attributes)
    if (!answer) continue
    if (answer instanceof Promise) {
      const said = heard
      return answer.then((late) =>
        late.decision === 'NoOpinion' ? firstOpinion(authorizers, attributes, index + 1, andHeard(said, late)) : late,
      )
    }
    if (answer.decision !== 'NoOpinion') return answer
    heard = andHeard(heard, answer)
  }
  const { reasons, errors } = heard
  return {
    decision: 'NoOpinion',
    reason: reasons.join('\n'),
    ...(errors.length > 0 && { error: aggregateMessage(errors) }),
  }
}

/** Allows all (upstream's AlwaysAllow). */
export const alwaysAllow: Authorizer = {
  authorize: () => ({ decision: 'Allow' }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
}

/** Allows nothing by itself; another may (upstream's AlwaysDeny). */
export const alwaysDeny: Authorizer = {
  authorize: () => ({ decision: 'NoOpinion', reason: 'Everything is forbidden.' }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
}
