import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise } from '../../store/store.ts'
import { header } from '../request/call.ts'
import { aggregateMessage, type Authentication, type Authenticator, firstFound } from './types.ts'

/** Finds out whose a bearer token is. Undefined: not one of mine. A throw: one of mine, and bad. */
export interface TokenAuthenticator {
  authenticateToken(token: string, audiences: readonly string[]): MaybePromise<Authentication | undefined>
}

/** Reads `Authorization: Bearer` and asks each in turn. A token that nobody knows is a bad one. */
export function bearerTokens(
  authenticators: readonly TokenAuthenticator[],
  apiAudiences: readonly string[],
): Authenticator {
  return {
    authenticate({ headers, audiences = apiAudiences }) {
      const token = bearerToken(header(headers, 'authorization'))
      if (token === undefined) return undefined
      return firstFound(
        authenticators,
        (one) => one.authenticateToken(token, audiences),
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

/** For tokens that name no audience: good for the API server's own, for no other. */
export function audienceAgnostic(
  authenticator: TokenAuthenticator,
  apiAudiences: readonly string[],
): TokenAuthenticator {
  return {
    authenticateToken(token, audiences) {
      const shared = audiences.filter((audience) => apiAudiences.includes(audience))
      if (shared.length === 0) return undefined
      return andThen(
        authenticator.authenticateToken(token, audiences),
        (found) => found && { ...found, audiences: shared },
      )
    },
  }
}
