import { andThen } from '../../lib/and-then.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import type { MaybePromise } from '../../store/store.ts'
import { header } from '../request/call.ts'
import { aggregateMessage } from '../../apimachinery/aggregate.ts'
import { type Authentication, type Authenticator, firstFound, type RequestHeaders, type Sender } from './types.ts'

/** Finds out whose a bearer token is. Undefined: not one of mine. A throw: one of mine, and bad. */
export interface TokenAuthenticator {
  authenticateToken(
    token: string,
    audiences: readonly string[],
    sender?: Sender,
  ): MaybePromise<Authentication | undefined>
}

/** Reads `Authorization: Bearer`, or else what a WebSocket shows, and asks each in turn. A token that nobody knows is a bad one. */
export function bearerTokens(
  authenticators: readonly TokenAuthenticator[],
  apiAudiences: readonly string[],
): Authenticator {
  return {
    authenticate(credentials) {
      const { headers, audiences = apiAudiences } = credentials
      const token = bearerToken(header(headers, 'authorization')) ?? socketToken(headers)
      if (token === undefined) return undefined
      return firstFound(
        authenticators,
        (one) => one.authenticateToken(token, audiences, credentials),
        (errors) => {
          throw new Error(aggregateMessage([new Error('invalid bearer token'), ...errors]))
        },
      )
    },
  }
}

/** RFC 6750 section 2.1; undefined when there is none. */
function bearerToken(authorization: string): string | undefined {
  if (authorization === '') return undefined
  const [scheme = '', token = ''] = authorization.trim().split(' ', 3)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

const SOCKET_TOKEN = 'base64url.bearer.authorization.k8s.io.'

/**
 * The token that stands among the subprotocols of a WebSocket: browsers cannot send it otherwise. Another one must stand beside it, to answer with.
 * Throws in upstream's words.
 */
function socketToken(headers: RequestHeaders): string | undefined {
  if (header(headers, 'upgrade').toLowerCase() !== 'websocket') return undefined
  const protocols = header(headers, 'sec-websocket-protocol')
    .split(',')
    .map((protocol) => protocol.trim())
  const [encoded, another] = protocols.filter((protocol) => protocol.startsWith(SOCKET_TOKEN))
  if (encoded === undefined) return undefined
  if (another !== undefined) throw new Error('multiple base64.bearer.authorization tokens specified')
  if (protocols.length === 1) throw new Error('missing additional subprotocol')
  const text = encoded.slice(SOCKET_TOKEN.length)
  const bytes = /^[A-Za-z0-9_-]*$/.test(text) && decodeBase64(padded(text.replaceAll('-', '+').replaceAll('_', '/')))
  if (typeof bytes !== 'object') throw new Error('invalid base64.bearer.authorization token encoding')
  const token = new TextDecoder().decode(bytes)
  return token === '' ? undefined : token
}

/** The subprotocols of a WebSocket but for a token. */
export function withoutSocketToken(protocols: string): string {
  if (!protocols.includes(SOCKET_TOKEN)) return protocols
  const all = protocols.split(',').map((protocol) => protocol.trim())
  return all.filter((protocol) => !protocol.startsWith(SOCKET_TOKEN)).join(', ')
}

const padded = (base64: string): string => base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')

/** For tokens that name no audience: good for the API server's own, for no other. */
export function audienceAgnostic(
  authenticator: TokenAuthenticator,
  apiAudiences: readonly string[],
): TokenAuthenticator {
  return {
    authenticateToken(token, audiences, sender) {
      const shared = audiences.filter((audience) => apiAudiences.includes(audience))
      if (shared.length === 0) return undefined
      return andThen(
        authenticator.authenticateToken(token, audiences, sender),
        (found) => found && { ...found, audiences: shared },
      )
    },
  }
}
