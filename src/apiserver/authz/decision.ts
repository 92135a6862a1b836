import type { RequestAudit } from '../audit/request-audit.ts'
import type { Answer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import { internalServerError } from '../routes/text.ts'
import { refused } from './refused.ts'
import type { Authorization, AuthorizationAttributes } from './types.ts'

/** Notes what was decided, and why, for the audit. */
export function tellDecision(audit: RequestAudit, { decision, reason = '', error }: Authorization): void {
  if (decision !== 'Allow' && error !== undefined)
    return audit.annotate('authorization.k8s.io/reason', 'internal error')
  audit.annotate('authorization.k8s.io/decision', decision === 'Allow' ? 'allow' : 'forbid')
  audit.annotate('authorization.k8s.io/reason', reason)
}

/**
 * Throws 403 unless the request is allowed; the answer when the server itself is at fault. The reason is put into words only when it is asked
 * for, and of those who are let in nobody asks.
 */
export function demandAllowed(
  { info, query }: Call,
  attributes: AuthorizationAttributes,
  answer: Authorization,
): Answer | undefined {
  if (answer.decision === 'Allow') return undefined
  if (answer.error === undefined) throw refused(attributes, answer.reason ?? '')
  const uri = query.size > 0 ? `${info.path}?${query.toString()}` : info.path
  return internalServerError(uri, answer.error)
}
