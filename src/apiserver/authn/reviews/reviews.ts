import type {
  SelfSubjectReview,
  TokenReview,
  UserInfo as ReviewedUser,
} from '../../../api/generated/types/authentication/v1.ts'
import { badRequest, internalError } from '../../../apimachinery/status.ts'
import { timestamp } from '../../../apimachinery/meta.ts'
import { review } from '../../registry/review.ts'
import type { ServingByName } from '../../registry/built-in.ts'
import { type Call, warn } from '../../request/call.ts'
import type { AuthenticationNotes } from '../notes.ts'
import type { Authentication, Authenticator, Credentials, UserInfo } from '../types.ts'

export interface AuthenticationReviewOptions {
  readonly authenticator: Authenticator
  readonly apiAudiences: readonly string[]
}

/** The kinds of authentication.k8s.io: whose token is this, and who am I. */
export function authenticationReviews(options: AuthenticationReviewOptions): ServingByName {
  return {
    'tokenreviews.authentication.k8s.io': {
      virtual: review<TokenReview>((object, { call }) => reviewToken(options, object, call)),
    },
    'selfsubjectreviews.authentication.k8s.io': {
      virtual: review<SelfSubjectReview>((object, { call, registry }) => {
        object.metadata = { creationTimestamp: timestamp(registry.env.clock.now()) }
        object.status = { userInfo: reviewed(call.user) }
      }),
    },
  }
}

async function reviewToken(
  { authenticator, apiAudiences }: AuthenticationReviewOptions,
  object: TokenReview,
  call: Call,
): Promise<void> {
  const { token, audiences: asked = [] } = object.spec
  if (object.metadata.namespace) throw badRequest(`namespace is not allowed on this type: ${object.metadata.namespace}`)
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  const audiences = asked.length > 0 ? asked : apiAudiences
  const status: NonNullable<TokenReview['status']> = (object.status = { user: {} })
  const found = await authenticated({ authenticator, token, audiences, notes: notesOf(call) }, status)
  if (!found) return
  const good = audiences.filter((audience) => found.audiences?.includes(audience))
  if (found.audiences && good.length === 0) throw internalError(new Error('audience mismatch'))
  Object.assign(status, { authenticated: true, user: reviewed(found.user), audiences: [...(found.audiences ?? [])] })
}

/** As if a request came with the token; what speaks against it goes into the status. */
async function authenticated(
  {
    authenticator,
    token,
    ...asked
  }: { readonly authenticator: Authenticator; readonly token: string } & Pick<Credentials, 'audiences' | 'notes'>,
  status: NonNullable<TokenReview['status']>,
): Promise<Authentication | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}` }
    return await authenticator.authenticate({ headers, path: '', ...asked })
  } catch (error) {
    status.error = error instanceof Error ? error.message : String(error)
    return undefined
  }
}

/** What comes up about the token is told to who asks. */
function notesOf(call: Call): AuthenticationNotes {
  return {
    warn: (text) => warn(call, text),
    annotate: (key, value) => call.audit?.annotate(key, value),
  }
}

function reviewed({ name, uid, groups, extra }: UserInfo): ReviewedUser {
  return {
    username: name,
    ...(uid && { uid }),
    groups: [...groups],
    ...(extra && Object.keys(extra).length > 0 && { extra: copied(extra) }),
  }
}

function copied(extra: NonNullable<UserInfo['extra']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
}
