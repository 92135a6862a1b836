import { secrets } from '../../api/core/v1/secret.ts'
import type { Secret } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { isSame } from './constant-time.ts'
import type { TokenAuthenticator } from './tokens.ts'
import type { Authentication } from './types.ts'

const TYPE = 'bootstrap.kubernetes.io/token'
const GROUP = 'system:bootstrappers'
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/

/**
 * Knows new nodes by tokens `id.secret` that stand in Secrets of kube-system (upstream's --enable-bootstrap-token-auth). Every request reads
 * the Secret, so that a token ends with it. What is wrong with a Secret is nobody's to know: the token is not known, then.
 */
export function bootstrapTokens(store: Pick<Store, 'get'>, clock: Clock): TokenAuthenticator {
  return {
    authenticateToken(token) {
      const [, id, secret] = TOKEN.exec(token) ?? []
      return id !== undefined && secret !== undefined ? holderOf({ store, clock }, id, secret) : undefined
    },
  }
}

async function holderOf(
  { store, clock }: { readonly store: Pick<Store, 'get'>; readonly clock: Clock },
  id: string,
  shown: string,
): Promise<Authentication | undefined> {
  const entry = await store.get(`${secrets.storagePrefix}/kube-system/bootstrap-token-${id}`)
  if (!entry) return undefined
  const secret = JSON.parse(new TextDecoder().decode(entry.value)) as Frozen<Secret>
  const value = (key: string): string => textOf(secret.data?.[key])
  if (secret.metadata.deletionTimestamp || secret.type !== TYPE) return undefined
  if (!isSame(value('token-secret'), shown) || value('token-id') !== id) return undefined
  if (hasExpired(value('expiration'), clock.now()) || value('usage-bootstrap-authentication') !== 'true')
    return undefined
  const extra = value('auth-extra-groups')
  const groups = extra === '' ? [] : extra.split(',')
  if (!groups.every((group) => EXTRA_GROUP.test(group))) return undefined
  return { user: { name: `system:bootstrap:${id}`, groups: [...new Set([GROUP, ...groups])].toSorted() } }
}

function textOf(base64 = ''): string {
  const bytes = decodeBase64(base64)
  return typeof bytes === 'number' ? '' : new TextDecoder().decode(bytes)
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** No time means never; one that can't be read has passed. */
function hasExpired(time: string, now: number): boolean {
  if (time === '') return false
  return !(RFC3339.test(time) && Date.parse(time) > now)
}
