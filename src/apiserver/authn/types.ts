import { aggregateMessage } from '../../apimachinery/aggregate.ts'
import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { AuthenticationNotes } from './notes.ts'

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
   * of a connection, so that what is found out about it can be kept. REFUSED_CERTIFICATE when it had another.
   */
  readonly clientCertificate?: ClientCertificate
  readonly path: string
  /** Who sends them, as far as that is known before they are looked at. Absent for those that somebody else asks about. */
  readonly peer?: Peer
  /** Whom the credentials must be meant for, when it matters (TokenReview); the API server itself when absent. */
  readonly audiences?: readonly string[]
  /** Is told what comes up on the way. */
  readonly notes?: AuthenticationNotes
}

/** Of what a request shows, what whoever looks at a token needs beside it. */
export type Sender = Pick<Credentials, 'peer' | 'notes'>

/** The other end of a connection. */
export interface Peer {
  /** Its address. */
  readonly remote: string | undefined
}

/** A client certificate in DER. */
export type ClientCertificate = Uint8Array & {
  /** Other certificates that the client sent with it. */
  readonly sentWith?: () => readonly Uint8Array[]
}

/** A client certificate that the TLS handshake did not accept: whoever shows one is nobody, not anybody. */
export const REFUSED_CERTIFICATE = new Uint8Array()

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
    authenticate: (credentials) =>
      firstFound(
        authenticators,
        (one) => one.authenticate(credentials),
        (errors) => {
          if (errors.length > 0) throw new AggregateError(errors, aggregateMessage(errors))
          return undefined
        },
      ),
  }
}

/**
 * What the first of `all` finds that finds something, waiting only for those that have to look further. When none does, `otherwise` decides,
 * which is told what was thrown on the way.
 */
export function firstFound<A extends object>(
  all: readonly A[],
  ask: (one: A) => MaybePromise<Authentication | undefined>,
  otherwise: (errors: readonly unknown[]) => undefined,
): MaybePromise<Authentication | undefined> {
  const errors: unknown[] = []
  const from = (start: number): MaybePromise<Authentication | undefined> => {
    for (let index = start; index < all.length; index++) {
      const one = all[index]
      try {
        const found = one && ask(one)
        if (found instanceof Promise) return found.catch(noted).then((late) => late ?? from(index + 1))
        if (found) return found
      } catch (error) {
        errors.push(error)
      }
    }
    return otherwise(errors)
  }
  const noted = (error: unknown): undefined => void errors.push(error)
  return from(0)
}

/** The groups of everyone who is known, and of everyone who is not. */
export const AUTHENTICATED_GROUP = 'system:authenticated'
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated'

/** Puts everyone whom `authenticator` knows into system:authenticated (upstream's AuthenticatedGroupAdder). */
export function withAuthenticatedGroup(authenticator: Authenticator): Authenticator {
  // Authenticators give the same answer for a client's requests, and so does this one.
  const known = new WeakMap<Authentication, Authentication>()
  const added = (found: Authentication | undefined): Authentication | undefined => {
    if (!found || found.user.name === ANONYMOUS.name || hasEitherGroup(found.user)) return found
    const same = known.get(found)
    if (same) return same
    const made = { ...found, user: { ...found.user, groups: [...found.user.groups, AUTHENTICATED_GROUP] } }
    known.set(found, made)
    return made
  }
  return { authenticate: (credentials) => andThen(authenticator.authenticate(credentials), added) }
}

function hasEitherGroup({ groups }: UserInfo): boolean {
  return groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP)
}
