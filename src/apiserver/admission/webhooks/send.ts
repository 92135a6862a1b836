import type { WebhookClientConfig } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { stringifyJson } from '../../../apimachinery/codec/json/encode.ts'
import { parseStored } from '../../../apimachinery/codec/json/parse-stored.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import type { Env } from '../../../lib/env.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { Store } from '../../../store/store.ts'
import { locateService } from './locate.ts'
import type { CallWebhook, Hook, WebhookRequest, WebhookResponse } from './types.ts'

/** What is waited for a webhook that says nothing. */
const DEFAULT_TIMEOUT_SECONDS = 10

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** How webhooks are reached. */
export interface Sending {
  readonly store: Store
  readonly env: Env
  readonly callWebhook: CallWebhook
}

/** Asks a webhook. Rejects with what went wrong, in upstream's words. */
export async function send(sending: Sending, { webhook }: Hook, review: object): Promise<unknown> {
  const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = webhook
  try {
    return await postReview(sending, clientConfig, timeoutSeconds, review)
  } catch (error) {
    throw new Error(`failed to call webhook: ${messageOf(error)}`, { cause: error })
  }
}

/** Posts a review to a webhook of any sort; the answer's JSON. Rejects with what went wrong, as a client of Go says it. */
export async function postReview(
  sending: Sending,
  clientConfig: Frozen<WebhookClientConfig>,
  timeoutSeconds: number,
  review: object,
): Promise<unknown> {
  const url = `${urlOf(clientConfig)}?timeout=${timeoutSeconds}s`
  let response: WebhookResponse
  try {
    response = await inTime(sending.env, timeoutSeconds * 1000, async (signal) => {
      const request = await requestTo(sending, clientConfig, url)
      return sending.callWebhook({ ...request, body: encoder.encode(stringifyJson(review)), signal })
    })
  } catch (error) {
    throw new Error(`Post ${goQuote(url)}: ${messageOf(error)}`, { cause: error })
  }
  if (response.status < 200 || response.status > 206) {
    throw new Error(refusal(response.status, decoder.decode(response.body)))
  }
  try {
    return parseStored(response.body)
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${messageOf(error)}`, { cause: error })
  }
}

/** The address as messages have it: a Service by its name in the cluster, whatever endpoint is asked. */
function urlOf({ url, service }: Frozen<WebhookClientConfig>): string {
  if (service) {
    const { name, namespace, port = 443, path = '' } = service
    return `https://${name}.${namespace}.svc:${port}${path.startsWith('/') || path === '' ? path : `/${path}`}`
  }
  if (!url) throw new Error('could not get REST client: webhook configuration must have either service or URL')
  return url
}

async function requestTo(
  { store, env }: Sending,
  { service, caBundle }: Frozen<WebhookClientConfig>,
  url: string,
): Promise<Omit<WebhookRequest, 'body' | 'signal'>> {
  const dial = service && (await locateService(store, env.random, service))
  const ca = caBundle ? decodeBase64(caBundle) : 0
  return { url, ...(dial && { dial }), ...(typeof ca !== 'number' && { ca: decoder.decode(ca) }) }
}

/** Gives up after `ms`, whether or not the work listens to its signal. */
async function inTime<T>(
  { clock }: Pick<Env, 'clock'>,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController()
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      const late = new Error('context deadline exceeded')
      reject(late)
      end.abort(late)
    }, ms)
    void work(end.signal)
      .then(resolve, reject)
      .finally(() => timer.cancel())
  })
}

/** What a client of Go makes of an answer that is no success. */
function refusal(status: number, text: string): string {
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 503) return 'the server is currently unable to handle the request'
  if (status >= 500) return `an error on the server (${goQuote(text)}) has prevented the request from succeeding`
  return `the server rejected our request for an unknown reason`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
