import type { WebhookClientConfig } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { stringifyJson } from '../../../apimachinery/codec/json/encode.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import type { Env } from '../../../lib/env.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { Store } from '../../../store/store.ts'
import { addressOf } from './address.ts'
import { bodyOf } from './answer.ts'
import { locateService } from './locate.ts'
import type { CallWebhook, Hook, WebhookRequest, WebhookResponse } from './types.ts'

/** What is waited for a webhook that says nothing. */
const DEFAULT_TIMEOUT_SECONDS = 10
/** How often a webhook is asked that puts us off. */
const MAX_RETRIES = 10

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** How webhooks are reached. */
export interface Sending {
  readonly store: Store
  readonly env: Env
  readonly callWebhook: CallWebhook
}

/** A way to wait: gives up when the time is over, and when the client has gone. */
interface Patience {
  readonly timeoutSeconds: number
  /** Of the client that the webhook is asked for. */
  readonly signal?: AbortSignal | undefined
  /** What the webhook's own trace is to be a part of. */
  readonly traceparent?: string | undefined
}

/** The client that a webhook was asked for has gone. */
export class ClientGone extends Error {
  constructor() {
    super('context canceled')
  }
}

/** Asks a webhook; the body of its answer. Rejects with what went wrong, in upstream's words. */
export async function send(
  sending: Sending,
  { webhook }: Hook,
  review: object,
  asker: Omit<Patience, 'timeoutSeconds'>,
): Promise<Uint8Array> {
  const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = webhook
  return postReview(sending, clientConfig, { timeoutSeconds, ...asker }, review)
}

/** Posts a review to a webhook of any sort; the body of its answer. Rejects with what went wrong, as a client of Go says it. */
export async function postReview(
  sending: Sending,
  clientConfig: Frozen<WebhookClientConfig>,
  patience: Patience,
  review: object,
): Promise<Uint8Array> {
  const url = `${addressOf(clientConfig)}?timeout=${patience.timeoutSeconds}s`
  const body = encoder.encode(stringifyJson(review))
  let begun = false
  try {
    const response = await inTime(sending.env, patience, (signal) =>
      retried(sending, signal, async () => {
        const request = await requestTo(sending, clientConfig, url)
        const onHead = (): void => void (begun = true)
        const { traceparent } = patience
        const response = await sending.callWebhook({
          ...request,
          ...(traceparent !== undefined && { traceparent }),
          body,
          signal,
          onHead,
        })
        begun = false
        return response
      }),
    )
    return bodyOf(response)
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    const how = begun
      ? 'unexpected error when reading response body. Please retry. Original error'
      : `Post ${goQuote(url)}`
    throw new Error(`${how}: ${messageOf(error.cause)}`, { cause: error.cause })
  }
}

/** No answer, or only its beginning. */
class Unanswered extends Error {}

/** Asks again those who are busy and say when they will not be, as Go's client. */
async function retried(
  { env }: Sending,
  signal: AbortSignal,
  attempt: () => Promise<WebhookResponse>,
): Promise<WebhookResponse> {
  for (let retries = 0; ; retries++) {
    const response = await attempt()
    const { status, retryAfterSeconds } = response
    const isBusy = status === 429 || status >= 500
    if (!isBusy || retryAfterSeconds === undefined || retries === MAX_RETRIES) return response
    await new Promise<void>((resolve) => {
      const timer = env.clock.setTimer(resolve, retryAfterSeconds * 1000)
      signal.addEventListener('abort', () => timer.cancel(), { once: true })
    })
  }
}

async function requestTo(
  { store, env }: Sending,
  { service, caBundle }: Frozen<WebhookClientConfig>,
  url: string,
): Promise<Pick<WebhookRequest, 'url' | 'dial' | 'ca'>> {
  const dial = service && (await locateService(store, env.random, service))
  const ca = caBundle ? decodeBase64(caBundle) : 0
  return { url, ...(dial && { dial }), ...(typeof ca !== 'number' && { ca: decoder.decode(ca) }) }
}

/** Gives up in time, whether or not the work listens to its signal. Rejects with Unanswered. */
async function inTime<T>(
  { clock }: Pick<Env, 'clock'>,
  { timeoutSeconds, signal }: Patience,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController()
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(new Unanswered('', { cause }))
    const giveUp = (why: Error): void => {
      fail(why)
      end.abort(why)
    }
    const timer = clock.setTimer(() => giveUp(new Error('context deadline exceeded')), timeoutSeconds * 1000)
    const onGone = (): void => giveUp(new ClientGone())
    if (signal?.aborted) onGone()
    else signal?.addEventListener('abort', onGone, { once: true })
    void work(end.signal)
      .then(resolve, fail)
      .finally(() => {
        timer.cancel()
        signal?.removeEventListener('abort', onGone)
      })
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
