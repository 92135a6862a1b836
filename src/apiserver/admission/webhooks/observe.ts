import { StatusError } from '../../../apimachinery/status.ts'
import type { WebhookCall, WebhookType } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes } from '../types.ts'
import { CallFailed, Denied } from './ask.ts'
import type { Hook } from './types.ts'

/** Counts and times a call to a webhook, as upstream does. */
export async function observed<T>(
  { env, counts }: Pick<AdmissionSources, 'env' | 'counts'>,
  { webhook }: Hook,
  type: WebhookType,
  { operation }: Pick<AdmissionAttributes, 'operation'>,
  call: () => Promise<T>,
): Promise<T> {
  const start = env.clock.monotonic()
  const ended = (code: number, rejected: boolean): WebhookCall => {
    const seconds = (env.clock.monotonic() - start) / 1000
    return { name: webhook.name, type, operation, seconds, code, rejected }
  }
  try {
    const result = await call()
    counts.webhooks.called(ended(200, false))
    return result
  } catch (error) {
    const { code, rejected, why } = failureOf(error, webhook.failurePolicy === 'Ignore')
    const noted = ended(code, rejected)
    counts.webhooks.called(noted)
    if (rejected && why !== undefined) counts.webhooks.rejected(noted, why)
    throw error
  }
}

interface Failure {
  readonly code: number
  readonly rejected: boolean
  /** Undefined where nobody waited any more. */
  readonly why: string | undefined
}

function failureOf(error: unknown, isIgnored: boolean): Failure {
  if (error instanceof CallFailed) {
    return { code: error.code, rejected: !isIgnored, why: error.clientGone ? undefined : 'calling_webhook_error' }
  }
  if (error instanceof StatusError && error instanceof Denied) {
    return { code: error.status.code ?? 0, rejected: true, why: 'no_error' }
  }
  return { code: 0, rejected: true, why: 'apiserver_internal_error' }
}
