import type { Secret, ServiceAccount } from '../../api/generated/types/core/v1.ts'
import { secrets, serviceAccounts } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import {
  defineController,
  done,
  indexes,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
} from '../../client/controller.ts'
import { encodeBase64 } from '../../lib/base64.ts'

const TOKEN_TYPE = 'kubernetes.io/service-account-token'
const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'
const BY_ACCOUNT = 'service-account'

export interface TokenOptions {
  /** The cluster's CA in PEM, to go with each token. */
  readonly rootCa: string
  /** Tells of others that come in its place. */
  readonly followRootCa?: ((changed: (rootCa: string) => void, signal: AbortSignal) => void) | undefined
  /** Signs the claims of a token that never expires, with the cluster's service account key. */
  sign(claims: Readonly<Record<string, string>>): Promise<string>
}

/** Fills Secrets that ask for a service account's token (which nobody should do any more), and deletes those whose account has gone. */
export function serviceAccountTokenController(options: TokenOptions): ControllerDefinition {
  let { rootCa } = options
  return defineController({
    name: 'service-account-token',
    serviceAccount: '',
    for: secrets,
    wakes: (now) => now?.type === TOKEN_TYPE,
    watches: [
      watches({
        resource: serviceAccounts,
        *keys(now, old, { lister }) {
          const account = now ?? old
          if (account) for (const secret of lister(secrets).byIndex(BY_ACCOUNT, keyOf(account))) yield keyOf(secret)
        },
      }),
    ],
    indexes: [indexes(secrets, BY_ACCOUNT, (secret) => accountKeys(secret))],
    start({ lister, enqueue, signal }) {
      options.followRootCa?.((now) => {
        rootCa = now
        for (const secret of lister(secrets).list()) if (secret.type === TOKEN_TYPE) enqueue(keyOf(secret))
      }, signal)
    },
    async reconcile(key, context) {
      const secret = context.lister(secrets).get(key)
      const [accountKey] = secret ? accountKeys(secret) : []
      if (!secret || !accountKey || secret.metadata.deletionTimestamp) return done
      const account = await findAccount(accountKey, context)
      const uid = secret.metadata.annotations?.[ACCOUNT_UID]
      if (!account || (uid && uid !== account.metadata.uid)) await removeToken(secret, context)
      else await fillToken(secret, account, { ...options, rootCa }, context)
      return done
    },
  })
}

function accountKeys({ type, metadata }: Frozen<Secret>): readonly string[] {
  const name = type === TOKEN_TYPE ? metadata.annotations?.[ACCOUNT_NAME] : undefined
  return name ? [`${metadata.namespace}/${name}`] : []
}

/** From the cache, or where it has none, from the server: a token must not go because a cache is behind. */
async function findAccount(
  key: string,
  { lister, client }: ReconcileContext,
): Promise<Frozen<ServiceAccount> | undefined> {
  const cached = lister(serviceAccounts).get(key)
  if (cached) return cached
  try {
    return await client(serviceAccounts).get(key)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

async function removeToken(secret: Frozen<Secret>, { client }: ReconcileContext): Promise<void> {
  const { uid, resourceVersion } = secret.metadata
  const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
  try {
    await client(secrets).delete(secret, { preconditions })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

async function fillToken(
  secret: Frozen<Secret>,
  account: Frozen<ServiceAccount>,
  { rootCa, sign }: TokenOptions,
  { client }: ReconcileContext,
): Promise<void> {
  const { namespace = '', name = '', uid = '' } = account.metadata
  const data = {
    ...secret.data,
    'ca.crt': encodeBase64(new TextEncoder().encode(rootCa)),
    namespace: encodeBase64(new TextEncoder().encode(namespace)),
    token: secret.data?.['token'] ?? encodeBase64(new TextEncoder().encode(await sign(claims()))),
  }
  const annotations = { ...secret.metadata.annotations, [ACCOUNT_UID]: uid }
  if (semanticEqual(data, secret.data) && semanticEqual(annotations, secret.metadata.annotations)) return
  await client(secrets).update({ ...secret, metadata: { ...secret.metadata, annotations }, data })

  function claims(): Record<string, string> {
    return {
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': namespace,
      'kubernetes.io/serviceaccount/secret.name': secret.metadata.name ?? '',
      'kubernetes.io/serviceaccount/service-account.name': name,
      'kubernetes.io/serviceaccount/service-account.uid': uid,
      sub: `system:serviceaccount:${namespace}:${name}`,
    }
  }
}
