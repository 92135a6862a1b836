import { domainPrefixedPath } from '../../api/checks.ts'
import { goQuote } from '../../lib/quote.ts'
import { isDns1123Subdomain } from '../../apimachinery/validation/names.ts'
import type { AuthorizationAttributes } from '../authz/types.ts'
import { MASTERS } from '../authz/privileged-groups.ts'
import { accountGroups, splitAccountUserName } from './service-account/names.ts'
import { aggregateMessage } from '../../apimachinery/aggregate.ts'
import type { UserInfo } from './types.ts'

/** Whom a request asks to act as. */
export interface Wanted {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** Rights that are needed together for one part of who is wanted. */
interface Demand {
  readonly all: readonly AuthorizationAttributes[]
  /** One right that stands for them all. */
  readonly wholesale?: AuthorizationAttributes
  /** Why no right is enough; told with the first of `all`. */
  readonly never?: string
}

/** A way of acting as someone else, with rights of its own (KEP-5284). */
export interface ImpersonationMode {
  readonly name: string
  /** Whether this is a way for the sender to act as such a user. */
  knows(wanted: Wanted, sender: UserInfo): boolean
  /** What the sender must be allowed, in order. */
  demands(wanted: Wanted, request: AuthorizationAttributes): Iterable<Demand>
  groupsOf(wanted: Wanted): readonly string[]
}

const NODE_PREFIX = 'system:node:'
const AUTHENTICATION = 'authentication.k8s.io'
/** From so many on, all are asked for at once first. */
const MANY = 4

/** Every mode, the narrower first. The last is that of old: acting as someone for whatever they may do. */
export const IMPERSONATION_MODES: readonly ImpersonationMode[] = [
  {
    ...constrained('associated-node'),
    knows: (wanted, sender) => nodeName(wanted.name) !== undefined && onlyNamed(wanted) && isOn(sender, wanted.name),
    // Where the account runs is known to be right: the answer is to be the same for all nodes.
    *demands({ name }, request) {
      const sender = { ...request, user: withoutPlace(request.user) }
      yield { all: [onBehalf('associated-node', sender)] }
      yield { all: [{ ...userDemand('impersonate:associated-node', name, sender), name: '*' }] }
    },
  },
  { ...constrained('arbitrary-node'), knows: (wanted) => nodeName(wanted.name) !== undefined && onlyNamed(wanted) },
  {
    ...constrained('serviceaccount'),
    knows: (wanted) => splitAccountUserName(wanted.name) !== undefined && onlyNamed(wanted),
  },
  {
    ...constrained('user-info'),
    knows: ({ name }) => nodeName(name) === undefined && splitAccountUserName(name) === undefined,
  },
  {
    name: 'legacy',
    knows: () => true,
    demands: (wanted, request) => partDemands('impersonate', wanted, request),
    groupsOf,
  },
]

function constrained(mode: string): Omit<ImpersonationMode, 'knows'> {
  return {
    name: mode,
    *demands(wanted, request) {
      yield { all: [onBehalf(mode, request)] }
      yield* partDemands(`impersonate:${mode}`, wanted, request)
    },
    groupsOf: (wanted) => (nodeName(wanted.name) === undefined ? groupsOf(wanted) : ['system:nodes']),
  }
}

/** Service accounts have their groups unless some are told. */
function groupsOf({ name, groups }: Wanted): readonly string[] {
  const account = splitAccountUserName(name)
  return account && groups.length === 0 ? accountGroups(account.namespace) : groups
}

/** Doing what the request does, as someone else. */
function onBehalf(mode: string, request: AuthorizationAttributes): AuthorizationAttributes {
  return { ...request, verb: `impersonate-on:${mode}:${request.verb}` }
}

function* partDemands(verb: string, wanted: Wanted, request: AuthorizationAttributes): Iterable<Demand> {
  const { name, uid, groups, extra } = wanted
  const isConstrained = verb !== 'impersonate'
  yield { all: [userDemand(verb, name, request)] }
  const identity = attributesOf(verb, AUTHENTICATION, request)
  if (uid) yield { all: [{ ...identity, resource: 'uids', name: uid }] }
  if (groups.length > 0) {
    const base = { ...attributesOf(verb, isConstrained ? AUTHENTICATION : '', request), resource: 'groups' }
    const all = groups.map((group) => ({ ...base, name: group }))
    yield isConstrained ? groupDemand(groups, base, all) : { all }
  }
  if (Object.keys(extra).length === 0) return
  const base = { ...identity, resource: 'userextras' }
  const all = Object.entries(extra).flatMap(([key, values]) =>
    values.map((value) => ({ ...base, subresource: key, name: value })),
  )
  yield isConstrained ? extraDemand(extra, base, all) : { all }
}

function userDemand(verb: string, name: string, request: AuthorizationAttributes): AuthorizationAttributes {
  const isConstrained = verb !== 'impersonate'
  const base = attributesOf(verb, isConstrained ? AUTHENTICATION : '', request)
  const account = splitAccountUserName(name)
  if (account) return { ...base, resource: 'serviceaccounts', ...account }
  const node = isConstrained ? nodeName(name) : undefined
  return node === undefined ? { ...base, resource: 'users', name } : { ...base, resource: 'nodes', name: node }
}

function groupDemand(
  groups: readonly string[],
  base: AuthorizationAttributes,
  all: readonly AuthorizationAttributes[],
): Demand {
  if (groups.includes(MASTERS)) {
    return { all: [{ ...base, name: MASTERS }], never: `impersonating the ${MASTERS} group is not allowed` }
  }
  return { all, ...(groups.length >= MANY && { wholesale: { ...base, name: '*' } }) }
}

function extraDemand(
  extra: Wanted['extra'],
  base: AuthorizationAttributes,
  all: readonly AuthorizationAttributes[],
): Demand {
  const never = Object.entries(extra)
    .map(([key, values]) => extraProblem(key, values))
    .find((problem) => problem !== undefined)
  if (never !== undefined) return { all: [base], never }
  const isLarge = Math.max(Object.keys(extra).length, all.length) >= MANY
  return { all, ...(isLarge && { wholesale: { ...base, subresource: '*', name: '*' } }) }
}

function extraProblem(key: string, values: readonly string[]): string | undefined {
  if (!key) return 'impersonating the empty string key in extra is not allowed'
  const problems = domainPrefixedPath('extra.key', key).map(({ field, message }) => `${field}: ${message}`)
  if (problems.length > 0) return `impersonating an invalid key in extra is not allowed: ${aggregateMessage(problems)}`
  if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`
  if (values.length === 0) return 'impersonating empty values in extra is not allowed'
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : undefined
}

function attributesOf(verb: string, apiGroup: string, { user }: AuthorizationAttributes): AuthorizationAttributes {
  const base = { user, verb, apiGroup, apiVersion: 'v1', resourceRequest: true, path: '' }
  return { ...base, namespace: '', resource: '', subresource: '', name: '' }
}

function nodeName(user: string): string | undefined {
  const name = user.slice(NODE_PREFIX.length)
  return user.startsWith(NODE_PREFIX) && isDns1123Subdomain(name).length === 0 ? name : undefined
}

function onlyNamed({ uid, groups, extra }: Wanted): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0
}

/** Whether the sender is a service account of a pod on that node. */
function isOn(sender: UserInfo, user: string): boolean {
  const places = sender.extra?.['authentication.kubernetes.io/node-name'] ?? []
  return splitAccountUserName(sender.name) !== undefined && places.length === 1 && places[0] === nodeName(user)
}

/** Of the sender's extra values only which there are. */
function withoutPlace(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort()
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } }
}
