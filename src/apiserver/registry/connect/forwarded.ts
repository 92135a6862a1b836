import type { RequestHeaders } from '../../authn/types.ts'
import { valuesOf } from '../../authn/request-header.ts'

/** Headers that belong to one hop of the way (RFC 9110, 7.6.1), and what HTTP/2 calls them; and the client's credentials. */
export const FORWARDED_NEVER: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  // Where requests are upgraded, the adapter of the host passes it on, without a token that may stand in it.
  'sec-websocket-protocol',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Says who somebody is: nothing that a client may say to whom a request is passed on. */
export function saysWho(name: string): boolean {
  return name.startsWith('impersonate-') || name.startsWith('x-remote-')
}

/** The headers of a request, or an answer, that are passed on: neither those of one hop, nor those that Connection names. */
export function forwardedHeaders(headers: RequestHeaders): Record<string, string | readonly string[]> {
  const ofThisHop = new Set(
    valuesOf(headers, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())),
  )
  const kept: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || FORWARDED_NEVER.has(name) || name.startsWith(':')) continue
    if (!saysWho(name) && !ofThisHop.has(name)) kept[name] = value
  }
  return kept
}
