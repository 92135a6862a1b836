import type { Secret, ServiceAccount } from '../../../api/generated/types/core/v1.ts'
import { nodes } from '../../../api/core/v1/node.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { secrets } from '../../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../../api/core/v1/serviceaccount.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Slices } from '../../flow-control/slices.ts'
import { andThen } from '../../../lib/and-then.ts'
import type { MaybePromise, Store } from '../../../store/store.ts'
import { isSame } from '../constant-time.ts'
import type { TokenAuthenticator } from '../tokens.ts'
import type { Authentication, Sender } from '../types.ts'
import { type AccountClaims, type ClaimRef, LEGACY_ISSUER, type LegacyClaims } from './claims.ts'
import type { AccountTokenKeys } from './keys.ts'
import { accountGroups, accountUserName, splitAccountUserName } from './names.ts'
import { type Evidence, type Known, RememberedTokens } from './remembered.ts'
import { endOfDay } from './tracking.ts'
import { INVALID_SINCE, type TokenUses, type Use } from './use.ts'

export interface AccountTokenOptions {
  readonly keys: AccountTokenKeys
  readonly store: Store
  readonly clock: Clock
  /** When tokens are looked at that are not remembered; at once unless told. */
  readonly slices?: Slices
  /** Whose tokens are accepted. */
  readonly issuers: readonly string[]
  /** Whether tokens of Secrets end with their Secret and account; they do unless told. */
  readonly lookup?: boolean
  /** Whom tokens are for when they name nobody. */
  readonly apiAudiences: readonly string[]
  readonly uses: TokenUses
  /** Is told of each Secret whose token is used, once a day at least. */
  usedSecret(secret: Frozen<Secret>): Promise<void>
}

/** Clocks of servers may differ by so much. */
const LEEWAY_SECONDS = 60
const decoder = new TextDecoder()
const EXTRA = 'authentication.kubernetes.io/'

/** A token that is looked at, and what is found out about it. */
interface Look {
  readonly options: AccountTokenOptions
  readonly token: string
  readonly audiences: readonly string[]
  readonly sender: Sender
  readonly evidence: Evidence[]
  /** What is to be told of this use, and of those that follow. */
  readonly uses: Use[]
  /** Whether something that the answer rests on ends by itself, without a write. */
  ending: boolean
  /** Seconds since the epoch. */
  expires: number
}

/**
 * Knows service accounts by their tokens: those that are signed by one of the keys, are in time and meant for the asked audience, and whose
 * account and bound object still are what they were. What was found is remembered until any of these objects changes, so that
 * tokens end with them.
 */
export function accountTokens(options: AccountTokenOptions): TokenAuthenticator {
  const remembered = new RememberedTokens(options.store)
  const lookAt = async (
    token: string,
    audiences: readonly string[],
    sender: Sender = {},
  ): Promise<Authentication | undefined> => {
    const { revision } = options.store
    // Keys of others may change without a word.
    const expires = options.clock.now() / 1000 + options.keys.trustSeconds
    const look: Look = { options, token, audiences, sender, evidence: [], uses: [], ending: false, expires }
    const { evidence, uses } = look
    try {
      const authentication = await holderOf(look)
      const { ending, expires } = look
      if (authentication && !ending)
        remembered.keep(token, { authentication, evidence, uses, audiences, expires, revision })
      return authentication
    } finally {
      for (const use of uses) use(sender.notes, options.clock.now() / 1000)
    }
  }
  return {
    authenticateToken(token, audiences, sender) {
      const used = (known: Known | undefined): MaybePromise<Authentication | undefined> => {
        if (!known) return lookAt(token, audiences, sender)
        for (const use of known.uses) use(sender?.notes, options.clock.now() / 1000)
        return known.authentication
      }
      return andThen(remembered.find(token, audiences, options.clock.now() / 1000), used)
    },
  }
}

async function holderOf(look: Look): Promise<Authentication | undefined> {
  const { options, token, audiences } = look
  const issuer = issuerOf(token)
  if (issuer === LEGACY_ISSUER) return legacy(look)
  if (issuer === undefined || !options.issuers.includes(issuer)) return undefined
  const claims = (await verified(look)) as unknown as AccountClaims
  const shared = audiences.filter((audience) => audiencesOf(claims).includes(audience))
  if (shared.length === 0) {
    throw new Error(
      `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
    )
  }
  checkTimes(claims, options.clock.now() / 1000)
  look.expires = Math.min(look.expires, claims.exp + LEEWAY_SECONDS)
  const extended = options.uses.extended(claims)
  const user = await boundUser(look, claims)
  if (extended) look.uses.push(extended)
  return { user, audiences: shared }
}

/** What one of the keys has signed, once it is the turn of who shows it. */
async function verified({
  options: { keys, slices },
  token,
  sender: { peer },
}: Look): Promise<Readonly<Record<string, unknown>>> {
  if (peer) await slices?.turn(peer.remote)
  return keys.verify(token)
}

/** What is stored now, as evidence. */
async function read<T extends KubeObject>(
  look: Look,
  { storagePrefix }: Pick<ResourceDefinition<T>, 'storagePrefix'>,
  name: string,
): Promise<Frozen<T> | undefined> {
  const key = `${storagePrefix}/${name}`
  const entry = await look.options.store.get(key)
  look.evidence.push({ key, modRevision: entry?.modRevision ?? 0 })
  const object = entry && (JSON.parse(decoder.decode(entry.value)) as Frozen<T>)
  if (object?.metadata.deletionTimestamp !== undefined) look.ending = true
  return object
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
async function boundUser(look: Look, claims: AccountClaims): Promise<Authentication['user']> {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  const key = (ref: ClaimRef): string => `${namespace}/${ref.name}`
  await checkAccount(look, namespace, serviceaccount)
  if (secret) await checkBound(look, secrets, key(secret), secret, 'secret')
  if (pod) await checkBound(look, pods, key(pod), pod, 'pod')
  else if (node) await checkBound(look, nodes, node.name ?? '', node, 'node')
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

async function checkAccount(look: Look, namespace: string, ref: ClaimRef): Promise<void> {
  const found = await read(look, serviceAccounts, `${namespace}/${ref.name}`)
  if (!found) throw new Error(`serviceaccounts "${ref.name}" not found`)
  if (isDeleted(found, look.options.clock)) throw new Error(`service account ${namespace}/${ref.name} has been deleted`)
  if (found.metadata.uid !== ref.uid) {
    throw new Error(`service account UID (${found.metadata.uid}) does not match claim (${ref.uid})`)
  }
}

async function checkBound(
  look: Look,
  resource: Pick<ResourceDefinition, 'storagePrefix'>,
  key: string,
  ref: ClaimRef,
  kind: string,
): Promise<void> {
  const found = await read(look, resource, key)
  if (!found || isDeleted(found, look.options.clock)) throw new Error('service account token has been invalidated')
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
async function legacy(look: Look): Promise<Authentication | undefined> {
  const { options, token, audiences } = look
  const claims = (await verified(look)) as unknown as Partial<LegacyClaims>
  look.uses.push(options.uses.legacy(claims))
  const shared = audiences.filter((audience) => options.apiAudiences.includes(audience))
  if (shared.length === 0) return undefined
  const namespace = claimed(claims['kubernetes.io/serviceaccount/namespace'], 'namespace')
  const secretName = claimed(claims['kubernetes.io/serviceaccount/secret.name'], 'secretName')
  const name = claimed(claims['kubernetes.io/serviceaccount/service-account.name'], 'serviceAccountName')
  const uid = claimed(claims['kubernetes.io/serviceaccount/service-account.uid'], 'serviceAccountUID')
  const subject = splitAccountUserName(claimed(claims.sub, 'sub'))
  if (subject?.namespace !== namespace || subject.name !== name) throw new Error('sub claim is invalid')
  if (options.lookup ?? true) {
    const secret = await read<Secret>(look, secrets, `${namespace}/${secretName}`)
    if (!secret || secret.metadata.deletionTimestamp) throw new Error('Token has been invalidated')
    if (!isSame(secret.data?.['token'] ?? '', btoa(token))) throw new Error("Token does not match server's copy")
    await checkUse(look, secret, await legacyAccount(look, namespace, { name, uid }))
  }
  return { user: { name: accountUserName(namespace, name), uid, groups: accountGroups(namespace) }, audiences: shared }
}

async function legacyAccount(look: Look, namespace: string, ref: ClaimRef): Promise<Frozen<ServiceAccount>> {
  const found = await read<ServiceAccount>(look, serviceAccounts, `${namespace}/${ref.name}`)
  if (!found) throw new Error(`serviceaccounts "${ref.name}" not found`)
  if (found.metadata.deletionTimestamp) throw new Error(`ServiceAccount ${namespace}/${ref.name} has been deleted`)
  if (found.metadata.uid !== ref.uid) {
    throw new Error(`ServiceAccount UID (${found.metadata.uid}) does not match claim (${ref.uid})`)
  }
  return found
}

/** Refuses the token of a Secret that was marked as not used for too long. Of each it is noted on which day it was used. */
async function checkUse(look: Look, secret: Frozen<Secret>, account: Frozen<ServiceAccount>): Promise<void> {
  const { uses, usedSecret, clock } = look.options
  const isInvalid = Boolean(secret.metadata.labels?.[INVALID_SINCE])
  look.uses.push(isInvalid ? uses.invalidated(secret) : uses.ofSecret(secret, account))
  look.expires = Math.min(look.expires, endOfDay(clock.now()))
  await usedSecret(secret)
  if (!isInvalid) return
  const { namespace, name } = secret.metadata
  throw new Error(
    `the token in secret ${namespace}/${name} for service account ${namespace}/${account.metadata.name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily allow use of this token`,
  )
}

function claimed(value: string | undefined, name: string): string {
  if (!value) throw new Error(`${name} claim is missing`)
  return value
}
