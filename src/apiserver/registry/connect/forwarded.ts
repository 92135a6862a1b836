import type { RequestHeaders } from '../../authn/types.ts'
import type { Call } from '../../request/call.ts'
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

/** Set by browsers' rules of what pages may read: those of whom a request is passed on to are not ours. */
const CORS = ['origin', 'headers', 'methods', 'credentials'].map((name) => `access-control-allow-${name}`)

/** The headers of an answer that somebody else gave. */
export function answeredHeaders(headers: RequestHeaders): Record<string, string | readonly string[]> {
  const kept = forwardedHeaders(headers)
  for (const name of CORS) delete kept[name]
  return kept
}

/** X-Forwarded-For with the address of the client behind those of proxies before. */
export function forwardedFor(headers: RequestHeaders, remote: string | undefined): Record<string, string> {
  if (remote === undefined) return {}
  const before = valuesOf(headers, 'x-forwarded-for')
  return { 'x-forwarded-for': [...before, remote.replace(/^::ffff:/, '')].join(', ') }
}

/** The headers of a request that is passed on, and where it came from (upstream's proxy.Transport and Go's ReverseProxy). */
export function passedHeaders({
  headers,
  info,
  remote,
}: Pick<Call, 'headers' | 'info' | 'remote'>): Record<string, string | readonly string[]> {
  const length = headers['content-length']
  return {
    ...forwardedHeaders(headers),
    ...(length !== undefined && headers['transfer-encoding'] === undefined && { 'content-length': length }),
    ...forwardedFor(headers, remote),
    'x-forwarded-uri': info.path,
  }
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
