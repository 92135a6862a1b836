import { badRequest, failure, hasReason, internalError, StatusError } from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import { uuid } from '../../../lib/random.ts'
import { whenConverted } from '../../registry/conversions.ts'
import type { WebhookType } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes } from '../types.ts'
import { reviewOf, reviewVersion, type Verdict, verdictOf } from './review.ts'
import type { Invocation } from './select.ts'
import { BadAnswer, readReview } from './answer.ts'
import { ClientGone, send, type Sending } from './send.ts'
import { timedCall } from './timed-call.ts'
import type { Hook } from './types.ts'

/** A webhook could not be asked, or gave no proper answer: its failurePolicy decides. */
export class CallFailed extends Error {
  /** As what it is counted: the webhook's own answer, or upstream's word for it. */
  readonly code: number

  constructor({ webhook }: Hook, why: string, { cause, code = 503 }: { cause?: unknown; code?: number } = {}) {
    super(`failed calling webhook ${goQuote(webhook.name)}: ${why}`, { cause })
    this.code = cause instanceof BadAnswer ? cause.code : code
  }

  /** Whether that is because nobody waits for the answer any more. */
  get clientGone(): boolean {
    return this.cause instanceof Error && this.cause.cause instanceof ClientGone
  }
}

/** Asks one webhook. Throws CallFailed, or a StatusError when it refuses the request. */
export async function ask(
  sending: Sending,
  { hook, definition }: Invocation,
  attributes: AdmissionAttributes,
  mutating: boolean,
): Promise<Verdict> {
  const { name } = hook.webhook
  checkDryRun(hook, attributes)
  const verdict = await answerOf(sending, { hook, definition }, attributes, mutating)
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) attributes.annotate(`${name}/${key}`, value)
  for (const warning of verdict.warnings) attributes.warn(warning)
  if (!verdict.allowed) throw denial(name, verdict.result)
  return verdict
}

async function answerOf(
  sending: Sending,
  { hook, definition }: Invocation,
  attributes: AdmissionAttributes,
  mutating: boolean,
): Promise<Verdict> {
  const version = orFailed(hook, 'could not create admission objects', () => reviewVersion(hook), 400)
  const uid = uuid(sending.env.random)
  const question = await inVersion(() => reviewOf(version, uid, attributes, definition))
  let answer: Record<string, unknown>
  try {
    const bytes = await timedCall(sending.env, attributes, { hook, uid, mutating }, (traceparent) =>
      send(sending, hook, question, { signal: attributes.signal, traceparent }),
    )
    answer = readReview(bytes, `admission.k8s.io/${version}`)
  } catch (error) {
    tellLegacyName(hook, attributes, error)
    throw failedBecause(hook, 'failed to call webhook', error)
  }
  return orFailed(hook, 'received invalid webhook response', () => verdictOf(version, uid, mutating, answer))
}

/** Upstream's word in the log for certificates of another age. */
function tellLegacyName({ webhook }: Hook, attributes: AdmissionAttributes, error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes('relies on legacy Common Name field')) return
  const { service, url } = webhook.clientConfig
  const host = service ? `${service.name}.${service.namespace}.svc` : new URL(url ?? '').hostname
  attributes.annotate(
    `missing-san.invalid-cert.kubernetes.io/${host}`,
    'relies on a legacy Common Name field instead of the SAN extension for subject validation',
  )
}

/** Does work on objects of another version, once they are converted. Rejects with 500 when they cannot be. */
export async function inVersion<T>(work: () => T): Promise<T> {
  try {
    return await whenConverted(work)
  } catch (error) {
    throw error instanceof StatusError && hasReason(error, 'InternalError') ? error : internalError(error)
  }
}

function orFailed<T>(hook: Hook, what: string, work: () => T, code?: number): T {
  try {
    return work()
  } catch (error) {
    throw failedBecause(hook, what, error, code)
  }
}

const failedBecause = (hook: Hook, what: string, cause: unknown, code = 503): CallFailed =>
  new CallFailed(hook, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, code })

/** A webhook that does more than answer cannot be asked about what will not happen. */
function checkDryRun({ webhook }: Hook, { dryRun }: AdmissionAttributes): void {
  if (!dryRun || webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun') return
  throw badRequest(`admission webhook ${goQuote(webhook.name)} does not support dry run`)
}

interface Result {
  readonly code?: number
  readonly message?: string
  readonly reason?: string
}

/** A webhook refuses the request. */
export class Denied extends StatusError {}

/** The webhook's own Status, with its name in front (upstream's ToStatusErr). */
export function denial(name: string, result: Record<string, unknown> = {}): Denied {
  const { code = 0, message, reason } = result as Result
  const why = message || reason
  const by = `admission webhook ${goQuote(name)} denied the request`
  const error = new Denied(failure('BadRequest', why ? `${by}: ${why}` : `${by} without explanation`).status)
  const { reason: _reason, ...status } = error.status
  const { kind: _kind, apiVersion: _apiVersion, ...told } = result
  const given = { ...status, ...told, message: error.message, status: 'Failure', code: Math.max(code, 400) }
  Object.assign(error.status, given)
  if (!reason) Reflect.deleteProperty(error.status, 'reason')
  return error
}

/** Whether a failure is let pass; if so it is logged and noted. */
export function failsOpen(
  { env, counts }: AdmissionSources,
  { webhook, configuration }: Hook,
  attributes: AdmissionAttributes,
  error: CallFailed,
  { annotation, type }: { readonly annotation: string; readonly type: WebhookType },
): boolean {
  if (webhook.failurePolicy !== 'Ignore') return false
  if (error.clientGone) return true
  env.log.warn('a webhook could not be asked, and is passed over', { configuration, webhook: webhook.name, err: error })
  counts.webhooks.failedOpen(webhook.name, type)
  attributes.annotate(annotation, webhook.name)
  return true
}

/** Nobody waits for the request any more. */
export const tooLate = (): StatusError => failure('Timeout', 'request did not complete within requested timeout')
