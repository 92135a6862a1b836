import type { Clock } from '../../lib/clock.ts'
import { goQuote } from '../../lib/quote.ts'
import { badRequest } from '../../apimachinery/status.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { AuthorizationAttributes, Authorizer } from '../authz/types.ts'
import { refused, RefusedError } from '../authz/refused.ts'
import { type Call } from '../request/call.ts'
import { IMPERSONATION_MODES, type ImpersonationMode, type Wanted } from './impersonation-modes.ts'
import type { ImpersonationMetrics } from './impersonation-metrics.ts'
import { extraOf, valuesOf } from './request-header.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP, type UserInfo } from './types.ts'

const PREFIX = 'impersonate-'
const EXTRA_PREFIX = 'impersonate-extra-'

/**
 * The call as whoever its Impersonate-* headers name, when its sender may act as them in one of the modes (upstream's
 * WithConstrainedImpersonation). Throws 403 otherwise. `asked` is what the request itself asks to be allowed.
 */
export function impersonated(
  call: Call,
  authorizer: Authorizer,
  asked: (call: Call) => AuthorizationAttributes,
  counting?: Counting,
): MaybePromise<Call> {
  const wanted = wantedUser(call)
  if (!wanted) return call
  return counting
    ? counted(call, wanted, { authorizer, request: asked(call), ...counting })
    : acting(call, wanted, authorizer, asked(call)).then(({ call: as }) => as)
}

/** Where it is counted. */
export interface Counting {
  readonly counts: ImpersonationMetrics
  readonly clock: Pick<Clock, 'monotonic'>
}

interface Counted extends Counting {
  readonly authorizer: Authorizer
  readonly request: AuthorizationAttributes
}

/** Notes how it ends, and each question that is asked. */
async function counted(call: Call, wanted: Wanted, { authorizer, request, counts, clock }: Counted): Promise<Call> {
  const asking: Authorizer = {
    async authorize(attributes) {
      const began = clock.monotonic()
      const answer = await authorizer.authorize(attributes)
      counts.asked(attributes.verb, answer, clock.monotonic() - began)
      return answer
    },
  }
  const began = clock.monotonic()
  try {
    const { call: as, mode } = await acting(call, wanted, asking, request)
    counts.attempted(mode, 'allowed', clock.monotonic() - began)
    return as
  } catch (error) {
    counts.attempted('', 'denied', clock.monotonic() - began)
    throw error
  }
}

/** The refusal of the first mode that knows such users is the one that is told. */
async function acting(
  call: Call,
  wanted: Wanted,
  authorizer: Authorizer,
  request: AuthorizationAttributes,
): Promise<{ readonly call: Call; readonly mode: string }> {
  let firstRefusal: Error | undefined
  for (const mode of IMPERSONATION_MODES) {
    if (!mode.knows(wanted, call.user)) continue
    const refusal = await refusalIn(mode, wanted, authorizer, request)
    if (!refusal) return { call: actingAs(call, userOf(wanted, mode), mode), mode: mode.name }
    firstRefusal ??= refusal
  }
  throw firstRefusal ?? new Error('all impersonation modes failed')
}

function actingAs(call: Call, user: UserInfo, { name }: ImpersonationMode): Call {
  call.audit?.impersonates(user, name === 'legacy' ? '' : `impersonate:${name}`)
  return { ...call, user }
}

async function refusalIn(
  mode: ImpersonationMode,
  wanted: Wanted,
  authorizer: Authorizer,
  request: AuthorizationAttributes,
): Promise<Error | undefined> {
  for (const demand of mode.demands(wanted, request)) {
    if (demand.never !== undefined) return refused(demand.all[0] ?? request, demand.never)
    if (demand.wholesale && (await denial(demand.wholesale, authorizer)) === undefined) continue
    for (const attributes of demand.all) {
      const reason = await denial(attributes, authorizer)
      if (reason !== undefined) return refused(attributes, reason)
    }
  }
  return undefined
}

/** Why it is not allowed; undefined when it is. */
async function denial(attributes: AuthorizationAttributes, authorizer: Authorizer): Promise<string | undefined> {
  const { decision, reason } = await authorizer.authorize(attributes)
  return decision === 'Allow' ? undefined : (reason ?? '')
}

function wantedUser({ headers }: Call): Wanted | undefined {
  let asks = false
  for (const name in headers) if (name.startsWith(PREFIX)) asks = true
  if (!asks) return undefined
  const [name = ''] = valuesOf(headers, 'impersonate-user')
  const [uid = ''] = valuesOf(headers, 'impersonate-uid')
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

/** With the groups that every such user has. */
function userOf(wanted: Wanted, mode: ImpersonationMode): UserInfo {
  const { name, uid, extra } = wanted
  const groups = [...mode.groupsOf(wanted)]
  const isAnonymous = name === ANONYMOUS.name
  if (!groups.includes(UNAUTHENTICATED_GROUP)) {
    if (isAnonymous) groups.push(UNAUTHENTICATED_GROUP)
    else if (!groups.includes(AUTHENTICATED_GROUP)) groups.push(AUTHENTICATED_GROUP)
  }
  return { name, ...(uid && { uid }), groups, extra }
}
