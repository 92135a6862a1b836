import type { Env } from '../../../lib/env.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { DEFAULT_RETRY, type RetryBackoff, withRetries } from '../../remote/retry.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import type { TokenAuthenticator } from '../tokens.ts'
import type { Authentication, UserInfo } from '../types.ts'

export interface TokenWebhookOptions {
  readonly service: RemoteService
  /** Of TokenReview. */
  readonly version: 'v1' | 'v1beta1'
  readonly env: Env
  /** Whom tokens are for of which the service does not say it. */
  readonly apiAudiences: readonly string[]
  readonly retry?: RetryBackoff
}

/** Asks a service whose a token is, with a TokenReview (upstream's webhook token authenticator). What it says is not remembered here. */
export function tokenWebhook(options: TokenWebhookOptions): TokenAuthenticator {
  const { service, version, env, apiAudiences, retry = DEFAULT_RETRY } = options
  return {
    async authenticateToken(token, audiences) {
      const spec = { token, ...(audiences.length > 0 && { audiences }) }
      const review = { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, metadata: {}, spec }
      const status = await withRetries(env, retry, async () => statusOf(await service.post(review), version))
      const good = audiencesOf(status, apiAudiences)
      const shared = audiences.filter((audience) => good.includes(audience))
      if (shared.length === 0) return undefined
      if (status['authenticated'] !== true) {
        const { error } = status
        if (typeof error === 'string' && error !== '') throw new Error(error)
        return undefined
      }
      return { user: userOf(status['user']), audiences: shared } satisfies Authentication
    },
  }
}

type Status = Readonly<Record<string, unknown>>

/** What the service says. Nothing but a review of the version that was asked for says anything. */
function statusOf(body: unknown, version: string): Status {
  const wanted = { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}` }
  const given = { ...wanted, ...(isJsonObject(body) ? body : { kind: typeof body }) }
  if (given.kind !== wanted.kind || given.apiVersion !== wanted.apiVersion) {
    const name = (of: { readonly kind: unknown; readonly apiVersion: unknown }): string =>
      `${String(of.apiVersion).split('/').at(-1)}.${String(of.kind)}`
    throw new RemoteError(`converting (${name(given)}) to (${name(wanted)}): unknown conversion`, { status: 200 })
  }
  const status = isJsonObject(body) ? body['status'] : undefined
  return isJsonObject(status) ? status : {}
}

function audiencesOf({ audiences }: Status, otherwise: readonly string[]): readonly string[] {
  const told = textsOf(audiences)
  return told.length > 0 ? told : otherwise
}

function userOf(user: unknown): UserInfo {
  const { username, uid, groups, extra } = isJsonObject(user) ? user : {}
  const entries = Object.entries(isJsonObject(extra) ? extra : {}).map(
    ([key, values]) => [key, textsOf(values)] as const,
  )
  return {
    name: typeof username === 'string' ? username : '',
    ...(typeof uid === 'string' && uid !== '' && { uid }),
    groups: textsOf(groups),
    ...(entries.length > 0 && { extra: Object.fromEntries(entries) }),
  }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
