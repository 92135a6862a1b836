import type { StatusError } from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'

/** Why a policy refuses a request. */
export interface Denial {
  readonly policy: string
  /** Undefined when the policy itself is not in order. */
  readonly binding: string | undefined
  readonly message: string
  readonly reason?: string | undefined
}

const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}

/** The error of a request that a validating policy refuses. */
export function refusal(attributes: AdmissionAttributes, denial: Denial): StatusError {
  const { policy, binding, message, reason = 'Invalid' } = denial
  const by = binding === undefined ? `'${policy}'` : `'${policy}' with binding '${binding}'`
  const text = `ValidatingAdmissionPolicy ${by} denied request: ${message}`
  const error = admissionForbidden(attributes, text)
  const { details } = error.status
  Object.assign(error.status, {
    reason,
    code: CODES[reason] ?? 422,
    details: { ...details, causes: [...(details?.causes ?? []), { message: text }] },
  })
  return error
}

/** The error of a request that mutating policies refuse: worded as the first refusal, with all of them for causes. */
export function mutationRefusal(attributes: AdmissionAttributes, denials: readonly Denial[]): StatusError {
  const error = admissionForbidden(attributes, 'admission request denied by policy')
  const texts = denials.map(({ policy, binding, message }) => {
    const by = binding === undefined ? goQuote(policy) : `'${policy}' with binding '${binding}'`
    return `policy ${by} denied request: ${message}`
  })
  const { details, reason } = error.status
  Object.assign(error.status, {
    message: texts[0],
    reason: denials[0]?.reason ?? reason,
    details: { ...details, causes: [...(details?.causes ?? []), ...texts.map((message) => ({ message }))] },
  })
  return error
}
