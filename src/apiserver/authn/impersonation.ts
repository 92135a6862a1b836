import { goQuote } from '../../lib/quote.ts'
import { badRequest } from '../../apimachinery/status.ts'
import type { MaybePromise } from '../../store/store.ts'
import { refused, RefusedError } from '../authz/refused.ts'
import type { AuthorizationAttributes, Authorizer } from '../authz/types.ts'
import { type Call, header } from '../request/call.ts'
import { extraOf, valuesOf } from './request-header.ts'
import { accountGroups, splitAccountUserName } from './service-account/names.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP, type UserInfo } from './types.ts'

const EXTRA_PREFIX = 'impersonate-extra-'

/** What the request's headers ask to act as. */
interface Wanted {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/**
 * The call as whoever its Impersonate-* headers name, when its sender may act as them: as that user, and with every group, uid and extra
 * value named (upstream's WithImpersonation). Throws 403 otherwise.
 */
export function impersonated(call: Call, authorizer: Authorizer): MaybePromise<Call> {
  const wanted = wantedUser(call)
  return wanted ? acting(call, wanted, authorizer) : call
}

async function acting(call: Call, wanted: Wanted, authorizer: Authorizer): Promise<Call> {
  for (const attributes of asked(call, wanted)) {
    const { decision, reason } = await authorizer.authorize(attributes)
    if (decision !== 'Allow') throw refused(attributes, reason ?? '')
  }
  return { ...call, user: userOf(wanted) }
}

const PREFIX = 'impersonate-'

function wantedUser({ headers }: Call): Wanted | undefined {
  let asks = false
  for (const name in headers) if (name.startsWith(PREFIX)) asks = true
  if (!asks) return undefined
  const name = header(headers, 'impersonate-user')
  const uid = header(headers, 'impersonate-uid')
  const groups = valuesOf(headers, 'impersonate-group')
  const hasMore = uid !== '' || groups.length > 0 || Object.keys(headers).some((key) => key.startsWith(EXTRA_PREFIX))
  if (name !== '') return { name, uid, groups, extra: extraOf(headers, [EXTRA_PREFIX]) }
  if (hasMore) {
    const { status } = badRequest(`requested ${goUser(uid, groups, headers)} without impersonating a user name`)
    throw new RefusedError(status)
  }
  return undefined
}

/** As Go prints the user that upstream makes of the headers. */
function goUser(uid: string, groups: readonly string[], headers: Call['headers']): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(goQuote).join(', ')}}`
  const extra = Object.entries(extraOf(headers, [EXTRA_PREFIX])).map(([key, of]) => `${goQuote(key)}:${list(of)}`)
  const shownGroups = groups.length > 0 ? list(groups) : '[]string(nil)'
  const shownExtra = extra.length > 0 ? `map[string][]string{${extra.join(', ')}}` : 'map[string][]string(nil)'
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`
}

/** What the sender must be allowed. */
function* asked({ user, info }: Call, { name, uid, groups, extra }: Wanted): Iterable<AuthorizationAttributes> {
  const base = { user, verb: 'impersonate', resourceRequest: true, path: info.path, apiVersion: 'v1' }
  const cluster = { ...base, namespace: '', apiGroup: '', subresource: '' }
  const account = splitAccountUserName(name)
  if (account) yield { ...cluster, namespace: account.namespace, resource: 'serviceaccounts', name: account.name }
  else yield { ...cluster, resource: 'users', name }
  const authentication = { ...cluster, apiGroup: 'authentication.k8s.io' }
  if (uid) yield { ...authentication, resource: 'uids', name: uid }
  for (const group of groups) yield { ...cluster, resource: 'groups', name: group }
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) yield { ...authentication, resource: 'userextras', subresource: key, name: value }
  }
}

/** With the groups that every such user has. */
function userOf({ name, uid, groups, extra }: Wanted): UserInfo {
  const account = splitAccountUserName(name)
  const isNode = name.startsWith('system:node:')
  const implicit = account ? accountGroups(account.namespace) : isNode ? ['system:nodes'] : []
  const own = [...(groups.length > 0 ? groups : implicit)]
  const implied = name === ANONYMOUS.name ? UNAUTHENTICATED_GROUP : AUTHENTICATED_GROUP
  if (!own.includes(AUTHENTICATED_GROUP) && !own.includes(UNAUTHENTICATED_GROUP)) own.push(implied)
  return { name, ...(uid && { uid }), groups: own, extra }
}
