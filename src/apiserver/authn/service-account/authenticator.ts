import type { Secret } from '../../../api/generated/types/core/v1.ts'
import { nodes } from '../../../api/core/v1/node.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { secrets } from '../../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../../api/core/v1/serviceaccount.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Store } from '../../../store/store.ts'
import { readStored } from '../../mirror/read-stored.ts'
import type { TokenAuthenticator } from '../tokens.ts'
import type { Authentication } from '../types.ts'
import { type AccountClaims, type ClaimRef, LEGACY_ISSUER, type LegacyClaims } from './claims.ts'
import type { TokenKeys } from './keys.ts'
import { accountGroups, accountUserName, splitAccountUserName } from './names.ts'

export interface AccountTokenOptions {
  readonly keys: TokenKeys
  readonly store: Store
  readonly clock: Clock
  /** Whose tokens are accepted. */
  readonly issuer: string
  /** Whom tokens are for when they name nobody. */
  readonly apiAudiences: readonly string[]
}

/** Clocks of servers may differ by so much. */
const LEEWAY_SECONDS = 60
const EXTRA = 'authentication.kubernetes.io/'

/**
 * Knows service accounts by their tokens: those that are signed by one of the keys, are in time and meant for the asked audience, and whose
 * account and bound object still are what they were. Whatever was deleted is looked up each time, so that its tokens end with it.
 */
export function accountTokens(options: AccountTokenOptions): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const issuer = issuerOf(token)
      if (issuer === LEGACY_ISSUER) return legacy(options, token, audiences)
      if (issuer === undefined || issuer !== options.issuer) return undefined
      const claims = (await options.keys.verify(token)) as unknown as AccountClaims
      const shared = audiences.filter((audience) => audiencesOf(claims).includes(audience))
      if (shared.length === 0) {
        throw new Error(
          `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
        )
      }
      checkTimes(claims, options.clock.now() / 1000)
      return { user: await boundUser(options, claims), audiences: shared }
    },
  }
}

/** Who says that they made the token, before anything is verified: tokens of others are none of ours. */
function issuerOf(token: string): string | undefined {
  const [, payload, signature, more] = token.split('.')
  if (!payload || signature === undefined || more !== undefined) return undefined
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    return (JSON.parse(text) as { iss?: string }).iss
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return undefined
    throw error
  }
}

function audiencesOf({ aud }: Pick<AccountClaims, 'aud'>): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}

function checkTimes({ exp, nbf, iat }: AccountClaims, now: number): void {
  if (now - LEEWAY_SECONDS > exp) throw new Error('service account token has expired')
  if (now + LEEWAY_SECONDS < nbf) throw new Error('service account token is not valid yet')
  if (now + LEEWAY_SECONDS < iat) throw new Error('service account token is issued in the future')
}

/** The account, when it and what the token is bound to are still there. */
async function boundUser(options: AccountTokenOptions, claims: AccountClaims): Promise<Authentication['user']> {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  const key = (ref: ClaimRef): string => `${namespace}/${ref.name}`
  await checkAccount(options, namespace, serviceaccount)
  if (secret) await checkBound(options, secrets, key(secret), secret, 'secret')
  if (pod) await checkBound(options, pods, key(pod), pod, 'pod')
  else if (node) await checkBound(options, nodes, node.name ?? '', node, 'node')
  return {
    name: accountUserName(namespace, serviceaccount.name ?? ''),
    uid: serviceaccount.uid ?? '',
    groups: accountGroups(namespace),
    extra: {
      ...(claims.jti && { [`${EXTRA}credential-id`]: [`JTI=${claims.jti}`] }),
      ...(node?.name && { [`${EXTRA}node-name`]: [node.name] }),
      ...(node?.uid && { [`${EXTRA}node-uid`]: [node.uid] }),
      ...(pod && { [`${EXTRA}pod-name`]: [pod.name ?? ''], [`${EXTRA}pod-uid`]: [pod.uid ?? ''] }),
    },
  }
}

async function checkAccount({ store, clock }: AccountTokenOptions, namespace: string, ref: ClaimRef): Promise<void> {
  const found = await readStored(store, serviceAccounts, `${namespace}/${ref.name}`)
  if (!found) throw new Error(`serviceaccounts "${ref.name}" not found`)
  if (isDeleted(found, clock)) throw new Error(`service account ${namespace}/${ref.name} has been deleted`)
  if (found.metadata.uid !== ref.uid) {
    throw new Error(`service account UID (${found.metadata.uid}) does not match claim (${ref.uid})`)
  }
}

async function checkBound(
  { store, clock }: AccountTokenOptions,
  resource: Pick<ResourceDefinition, 'storagePrefix'>,
  key: string,
  ref: ClaimRef,
  kind: string,
): Promise<void> {
  const found = await readStored(store, resource, key)
  if (!found || isDeleted(found, clock)) throw new Error('service account token has been invalidated')
  const { uid } = found.metadata
  if (uid !== ref.uid)
    throw new Error(`${kind} UID (${uid}) does not match service account ${kind} ref claim (${ref.uid})`)
}

/** Past the time it was to be gone, with the same leeway as for other times. */
function isDeleted({ metadata }: Frozen<KubeObject>, clock: Clock): boolean {
  const { deletionTimestamp } = metadata
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < clock.now() - LEEWAY_SECONDS * 1000
}

/** Tokens kept in Secrets are good as long as their Secret holds them. */
async function legacy(
  options: AccountTokenOptions,
  token: string,
  audiences: readonly string[],
): Promise<Authentication | undefined> {
  const shared = audiences.filter((audience) => options.apiAudiences.includes(audience))
  if (shared.length === 0) return undefined
  const claims = (await options.keys.verify(token)) as unknown as Partial<LegacyClaims>
  const namespace = claimed(claims['kubernetes.io/serviceaccount/namespace'], 'namespace')
  const secretName = claimed(claims['kubernetes.io/serviceaccount/secret.name'], 'secretName')
  const name = claimed(claims['kubernetes.io/serviceaccount/service-account.name'], 'serviceAccountName')
  const uid = claimed(claims['kubernetes.io/serviceaccount/service-account.uid'], 'serviceAccountUID')
  const subject = splitAccountUserName(claimed(claims.sub, 'sub'))
  if (subject?.namespace !== namespace || subject.name !== name) throw new Error('sub claim is invalid')
  const secret = await readStored<Secret>(options.store, secrets, `${namespace}/${secretName}`)
  if (!secret || secret.metadata.deletionTimestamp) throw new Error('service account token has been invalidated')
  if (secret.data?.['token'] !== btoa(token)) throw new Error("service account token does not match server's copy")
  await checkAccount(options, namespace, { name, uid })
  return { user: { name: accountUserName(namespace, name), uid, groups: accountGroups(namespace) }, audiences: shared }
}

function claimed(value: string | undefined, name: string): string {
  if (!value) throw new Error(`${name} claim is missing`)
  return value
}
