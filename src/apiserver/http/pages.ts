import type { GoRegExp } from '../../lib/go-regexp.ts'
import { header } from '../request/call.ts'
import type { Exchange, OutgoingHeaders } from './exchange.ts'

/** What browsers are told, beyond the answer. */
export interface PageRules {
  /** The value of Strict-Transport-Security. */
  readonly strictTransport?: string
  /** Origins whose pages may ask (CORS). */
  readonly allowedOrigins?: readonly GoRegExp[]
}

/** What upstream allows pages: its WithCORS. */
const CORS = {
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'access-control-allow-headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'access-control-expose-headers': 'Date',
  'access-control-allow-credentials': 'true',
}

/**
 * The exchange with what browsers are told in its answer; undefined when a page only asked whether it may, which is answered then, before anybody
 * asks who it is. Without rules the exchange itself.
 */
export function withPageRules(
  exchange: Exchange,
  { strictTransport, allowedOrigins = [] }: PageRules,
): Exchange | undefined {
  if (strictTransport === undefined && allowedOrigins.length === 0) return exchange
  const told: OutgoingHeaders = {
    ...(strictTransport !== undefined && { 'strict-transport-security': strictTransport }),
  }
  const origin = header(exchange.headers, 'origin')
  if (origin !== '' && allowedOrigins.some((pattern) => pattern.test(origin))) {
    Object.assign(told, { 'access-control-allow-origin': origin }, CORS)
    if (exchange.method === 'OPTIONS') {
      exchange.send(204, told, '')
      return undefined
    }
  }
  return telling(exchange, told)
}

function telling(exchange: Exchange, told: OutgoingHeaders): Exchange {
  const { method, url, headers, certificate, remote, incoming } = exchange
  return {
    method,
    url,
    headers,
    certificate,
    remote,
    incoming,
    get begun() {
      return exchange.begun
    },
    send: (status, outgoing, body) => exchange.send(status, { ...told, ...outgoing }, body),
    begin: (status, outgoing) => exchange.begin(status, { ...told, ...outgoing }),
    destroy: () => exchange.destroy(),
    onClose: (callback) => exchange.onClose(callback),
  }
}
