import type { MutatingWebhook, ValidatingWebhook } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { LabelSet } from '../../../apimachinery/labels/selector.ts'
import type { Conditions } from './match.ts'

/** An HTTPS POST of JSON to a webhook. */
export interface WebhookRequest {
  readonly url: string
  /** Where to connect when not to the URL's host: an endpoint of a Service. The certificate is checked for the URL's host all the same. */
  readonly dial?: { readonly host: string; readonly port: number }
  /** The CA to believe, in PEM; those of the host when absent. */
  readonly ca?: string
  readonly body: Uint8Array
  readonly signal: AbortSignal
  /** W3C's header, when the request is traced. */
  readonly traceparent?: string
  /** Called when the answer has begun. */
  readonly onHead?: () => void
}

export interface WebhookResponse {
  readonly status: number
  /** '' where the answer does not say. */
  readonly contentType: string
  /** When to ask again, where the answer says so in seconds. */
  readonly retryAfterSeconds?: number | undefined
  readonly body: Uint8Array
}

/** Sends a request to a webhook; redirects are answers like others, never followed. Rejects when nobody answers, in Go's words without method and URL: `dial tcp …: connection refused`. */
export type CallWebhook = (request: WebhookRequest) => Promise<WebhookResponse>

/** For a server without a network. */
export const noWebhooks: CallWebhook = () => Promise.reject(new Error('this API server has no way to webhooks'))

/** A webhook of a configuration, ready for use. */
export interface Hook {
  readonly configuration: string
  /** Unlike that of any other webhook. */
  readonly id: string
  readonly webhook: Frozen<MutatingWebhook> | Frozen<ValidatingWebhook>
  readonly namespaces: LabelSet
  readonly objects: LabelSet
  /** Absent: it has no match conditions. */
  readonly conditions?: Conditions
}
