import type { MaybePromise } from '../../store/store.ts'

/** Who makes a request (upstream's user.Info). */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  /** Keys are lower-case. */
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** What a request shows of its sender. */
export interface Credentials {
  /** Lower-case names, as received. */
  readonly headers: RequestHeaders
  /**
   * The verified client certificate in DER, when the TLS handshake had one that a trusted CA signed; the same array for every request
   * of a connection, so that what is found out about it can be kept.
   */
  readonly clientCertificate?: Uint8Array
  readonly path: string
  /** Whom the credentials must be meant for, when it matters (TokenReview); the API server itself when absent. */
  readonly audiences?: readonly string[]
}

/** Lower-case names to values. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Finds out who sends a request. Undefined: nothing here that I know, ask the next. A throw: credentials are there and are bad;
 * the request is answered 401 unless another authenticator of the chain accepts it.
 */
export interface Authenticator {
  authenticate(credentials: Credentials): MaybePromise<Authentication | undefined>
}

export interface Authentication {
  readonly user: UserInfo
  /** The audiences the credentials are good for, when they name any. */
  readonly audiences?: readonly string[]
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Asks each in turn: the first that knows the sender decides; bad credentials fail only when nobody accepts. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      const errors: unknown[] = []
      for (const authenticator of authenticators) {
        try {
          const found = await authenticator.authenticate(credentials)
          if (found) return found
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, aggregateMessage(errors))
      return undefined
    },
  }
}

/** Several errors as upstream's aggregate words them: alone as it is, many in brackets, each once. */
export function aggregateMessage(errors: readonly unknown[]): string {
  const messages = [...new Set(errors.map((error) => (error instanceof Error ? error.message : String(error))))]
  return messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`
}

/** The groups of everyone who is known, and of everyone who is not. */
export const AUTHENTICATED_GROUP = 'system:authenticated'
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated'

/** Puts everyone whom `authenticator` knows into system:authenticated (upstream's AuthenticatedGroupAdder). */
export function withAuthenticatedGroup(authenticator: Authenticator): Authenticator {
  return {
    async authenticate(credentials) {
      const found = await authenticator.authenticate(credentials)
      if (!found || found.user.name === ANONYMOUS.name || hasEitherGroup(found.user)) return found
      return { ...found, user: { ...found.user, groups: [...found.user.groups, AUTHENTICATED_GROUP] } }
    },
  }
}

function hasEitherGroup({ groups }: UserInfo): boolean {
  return groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP)
}
