import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { APIGroupList, APIResourceList } from '../../src/api/generated/types/meta/v1.ts'
import type { ClusterRole, PolicyRule, Role, Subject } from '../../src/api/generated/types/rbac/v1.ts'
import type { UserInfo } from '../../src/apiserver/authn/types.ts'
import type { AuthorizationAttributes } from '../../src/apiserver/authz/types.ts'
import { GuardedServer } from '../../src/apiserver/guarded-server.suite.ts'
import { handle } from '../../src/apiserver/inprocess/handle.ts'
import { createClient } from '../../src/client/create-client.ts'
import { runControllers } from '../../src/client/harness/run.ts'
import { inProcessTransport } from '../../src/client/inprocess.ts'
import { clusterRoleAggregationController } from '../../src/controllers/clusterroleaggregation/controller.ts'
import { VirtualClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { type Random, seededRandom } from '../../src/lib/random.ts'

const POLICIES = 8
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'bind', 'impersonate']
const NAMESPACES = ['', 'a', 'b']
const NAMES = ['', 'x', 'y']
const PATHS = [
  '/',
  '/metrics',
  '/metrics/cadvisor',
  '/metrics/slis',
  '/logs',
  '/logs/a/b',
  '/made/up',
  '/made/up/',
  '/*',
]
const GLOBS = ['*', '/*', '/metrics*', '/metrics/*', '/logs/*', '/made/up', '/made/*', '/made/up/**', '/', '/metric']
const LABEL = 'example.com/part'

/** Nobody is of a group that every cluster gives something to. */
const USERS: readonly UserInfo[] = [
  { name: 'bob', groups: ['dev'] },
  { name: 'carol', groups: ['dev', 'ops'] },
  { name: 'system:serviceaccount:a:app', groups: ['system:serviceaccounts:a'] },
  { name: 'system:serviceaccount:b:app', groups: ['system:serviceaccounts:b', 'ops'] },
  { name: 'app', groups: [] },
]
const SUBJECTS: readonly Subject[] = [
  ...['bob', 'carol', 'app', 'system:serviceaccount:b:app', 'dev'].map((name) => ({ kind: 'User', name })),
  ...['dev', 'ops', 'bob', 'system:serviceaccounts:a'].map((name) => ({ kind: 'Group', name })),
  ...['a', 'b'].map((namespace) => ({ kind: 'ServiceAccount', name: 'app', namespace })),
]

/** What can be asked about: a resource or, with a slash, a subresource. */
interface Served {
  readonly apiGroup: string
  readonly resource: string
}

interface Binding {
  readonly namespace: string
  readonly role: Role | ClusterRole
  readonly subjects: readonly Subject[]
}

/** What was made. Rules of roles that gather others' are not known of: they follow from those. */
interface Policy {
  readonly clusterRoles: readonly ClusterRole[]
  readonly roles: readonly Role[]
  readonly bindings: readonly Binding[]
}

/** RBAC as it is documented, in the plainest way: every binding, every subject, every rule, every word. */
function modelAllows(policy: Policy, asked: AuthorizationAttributes): boolean {
  return policy.bindings.some(({ namespace, role, subjects }) => {
    if (namespace !== '' && (!asked.resourceRequest || asked.namespace !== namespace)) return false
    if (!subjects.some((subject) => isMeant(subject, asked.user))) return false
    return rulesOf(role, policy).some((rule) => modelRuleAllows(rule, asked))
  })
}

function isMeant(subject: Subject, user: UserInfo): boolean {
  if (subject.kind === 'User') return user.name === subject.name
  if (subject.kind === 'Group') return user.groups.some((group) => group === subject.name)
  return user.name === ['system', 'serviceaccount', subject.namespace, subject.name].join(':')
}

/** A role that gathers others' rules has theirs, and of those that gather, what these have; none of its own. */
function rulesOf(role: Role | ClusterRole, policy: Policy, above: readonly unknown[] = []): readonly PolicyRule[] {
  const selectors = 'aggregationRule' in role ? role.aggregationRule?.clusterRoleSelectors : undefined
  if (!selectors) return role.rules ?? []
  const parts = selectors.map(({ matchLabels }) => matchLabels?.[LABEL])
  return policy.clusterRoles
    .filter((one) => one !== role && !above.includes(one) && parts.includes(one.metadata.labels?.[LABEL] ?? 'none'))
    .flatMap((one) => rulesOf(one, policy, [...above, role]))
}

function modelRuleAllows(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  const { verb, apiGroup, resource, subresource, name, path } = asked
  const says = (list: readonly string[] = [], word: string): boolean => list.some((one) => one === '*' || one === word)
  if (!says(rule.verbs, verb)) return false
  if (!asked.resourceRequest) return (rule.nonResourceURLs ?? []).some((glob) => isUnder(glob, path))
  if (!says(rule.apiGroups, apiGroup)) return false
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  const ofAll = subresource !== '' && (rule.resources ?? []).includes(`*/${subresource}`)
  if (!ofAll && !says(rule.resources, whole)) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || names.includes(name)
}

function isUnder(glob: string, path: string): boolean {
  if (!glob.endsWith('*')) return path === glob
  let stem = glob
  while (stem.endsWith('*')) stem = stem.slice(0, -1)
  return path === glob || path.startsWith(stem)
}

/** Makes policies up, out of what is served. */
class Maker {
  readonly #random: Random
  readonly #served: readonly Served[]

  constructor(random: Random, served: readonly Served[]) {
    this.#random = random
    this.#served = served
  }

  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  one<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    assert.ok(found !== undefined)
    return found
  }

  some<T>(list: readonly T[], most: number): T[] {
    const found = new Set<T>()
    for (let left = 1 + this.below(most); left > 0; left--) found.add(this.one(list))
    return [...found]
  }

  policy(): Policy {
    const parts = ['one', 'two']
    const made: ClusterRole[] = []
    for (let i = 0; i < 10; i++) {
      const labels = this.below(2) === 0 ? { labels: { [LABEL]: this.one(parts) } } : {}
      const metadata = { name: `r${i}`, ...labels }
      if (i % 5 < 3) made.push({ metadata, rules: this.#rules(true) })
      else {
        const clusterRoleSelectors = this.some(parts, 2).map((part) => ({ matchLabels: { [LABEL]: part } }))
        made.push({ metadata, aggregationRule: { clusterRoleSelectors } })
      }
    }
    const roles = ['a', 'b'].flatMap((namespace) =>
      ['r0', 'r1', 'own'].map((name) => ({ metadata: { name, namespace }, rules: this.#rules(false) })),
    )
    const bindings = Array.from({ length: 9 }, (_, i) => this.#binding(NAMESPACES[i % 3] ?? '', made, roles))
    return { clusterRoles: made, roles, bindings }
  }

  #binding(namespace: string, all: readonly ClusterRole[], roles: readonly Role[]): Binding {
    const own = roles.filter(({ metadata }) => metadata.namespace === namespace)
    const role = own.length > 0 && this.below(2) === 0 ? this.one(own) : this.one(all)
    return { namespace, role, subjects: this.some(SUBJECTS, 3) }
  }

  #rules(paths: boolean): PolicyRule[] {
    return Array.from({ length: this.below(4) }, () => {
      const verbs = this.below(8) === 0 ? ['*'] : this.some(VERBS, 5)
      if (paths && this.below(4) === 0) return { verbs, nonResourceURLs: this.some(GLOBS, 3) }
      return { verbs, ...this.#resources() }
    })
  }

  #resources(): Pick<PolicyRule, 'apiGroups' | 'resources' | 'resourceNames'> {
    const seen = this.some(this.#served, 60)
    const words = this.below(3) === 0 ? this.some(['*', '*/scale', '*/status', '*/*', 'pods/*'], 2) : []
    return {
      apiGroups: this.below(4) === 0 ? ['*'] : [...new Set(seen.map(({ apiGroup }) => apiGroup))],
      resources: [...new Set([...seen.map(({ resource }) => resource), ...words])],
      ...(this.below(3) === 0 && { resourceNames: this.some(['x', 'y'], 2) }),
    }
  }

  /** Each verb of each resource and of each path, of somebody, somewhere. */
  *questions(): Iterable<AuthorizationAttributes> {
    for (const verb of VERBS) {
      for (const path of PATHS)
        for (const user of USERS) {
          const nothing = { namespace: '', apiGroup: '', apiVersion: '*', resource: '', subresource: '', name: '' }
          yield { ...nothing, user, verb, path, resourceRequest: false }
        }
      for (const { apiGroup, resource: whole } of this.#served) {
        const [resource = '', subresource = ''] = whole.split('/')
        for (const user of this.some(USERS, 4)) {
          const where = { namespace: this.one(NAMESPACES), name: this.one(NAMES) }
          yield {
            ...where,
            user,
            verb,
            apiGroup,
            apiVersion: '*',
            resource,
            subresource,
            resourceRequest: true,
            path: '',
          }
        }
      }
    }
  }
}

async function servedBy(server: GuardedServer): Promise<readonly Served[]> {
  const { groups } = await server.get<APIGroupList>('/apis')
  const versions = groups.flatMap((group) =>
    group.versions.map(({ groupVersion }) => ({ apiGroup: group.name, groupVersion })),
  )
  const lists = await Promise.all(
    [{ apiGroup: '', groupVersion: '' }, ...versions].map(async ({ apiGroup, groupVersion }) => {
      const list = await server.get<APIResourceList>(groupVersion ? `/apis/${groupVersion}` : '/api/v1')
      return list.resources.map(({ name }) => ({ apiGroup, resource: name }))
    }),
  )
  const custom = ['widgets', 'widgets/status', 'widgets/scale', 'gadgets'].map((resource) => ({
    apiGroup: 'example.com',
    resource,
  }))
  const all = [...lists.flat(), ...custom]
  return [...new Map(all.map((one) => [`${one.apiGroup} ${one.resource}`, one])).values()]
}

async function write(server: GuardedServer, { clusterRoles, roles, bindings }: Policy): Promise<void> {
  for (const namespace of ['a', 'b']) await server.create('/api/v1/namespaces', { metadata: { name: namespace } })
  for (const role of clusterRoles) await server.create(`${RBAC}/clusterroles`, role)
  for (const role of roles) await server.create(`${RBAC}/namespaces/${role.metadata.namespace}/roles`, role)
  for (const [index, { namespace, role, subjects }] of bindings.entries()) {
    const path = namespace ? `${RBAC}/namespaces/${namespace}/rolebindings` : `${RBAC}/clusterrolebindings`
    const kind = role.metadata.namespace ? 'Role' : 'ClusterRole'
    await server.create(path, {
      metadata: { name: `b${index}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role.metadata.name },
      subjects,
    })
  }
}

/** Lets the controller gather what there is to gather. */
async function gather(server: GuardedServer, clock: VirtualClock): Promise<void> {
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const transport = inProcessTransport((request) => handle(server.server, request, server.user), server.user)
  const stopping = new AbortController()
  const client = createClient({ transport, env, userAgent: 'test' })
  const controllers = runControllers([clusterRoleAggregationController], { client, env, signal: stopping.signal })
  await controllers.ready
  for (let quiet = 0; quiet < 10; quiet = controllers.idle() ? quiet + 1 : 0)
    await clock.advance(controllers.idle() ? 0 : 10)
  stopping.abort(new Error('all is gathered'))
  await controllers.stopped
  await setImmediate()
}

/** The same through the API. */
async function reviewed(server: GuardedServer, asked: AuthorizationAttributes): Promise<boolean> {
  const { user, verb, path, namespace, apiGroup: group, resource, subresource, name } = asked
  const attributes = asked.resourceRequest
    ? { resourceAttributes: { verb, namespace, group, resource, subresource, name } }
    : { nonResourceAttributes: { verb, path } }
  const spec = { user: user.name, groups: user.groups, ...attributes }
  const review = await server.create<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { spec },
  )
  return review.status.allowed
}

test('every decision is that of the plainest model, asked directly and by a SubjectAccessReview', async () => {
  let [asked, allowed] = [0, 0]
  for (let seed = 1; seed <= POLICIES; seed++) {
    const clock = new VirtualClock()
    const server = await GuardedServer.start({ clock })
    const maker = new Maker(seededRandom(seed), await servedBy(server))
    const policy = maker.policy()
    await write(server, policy)
    await gather(server, clock)
    for (const question of maker.questions()) {
      const wanted = modelAllows(policy, question)
      asked++
      if (wanted) allowed++
      const { decision } = await server.guard.authorizer.authorize(question)
      const told = `policy ${seed}: ${JSON.stringify(question)}: the model says ${wanted}`
      assert.equal(decision === 'Allow', wanted, told)
      assert.equal(await reviewed(server, question), wanted, `reviewed, ${told}`)
    }
    server.guard.stop()
    server.server.close()
  }
  assert.ok(asked > 20_000, `${asked} questions`)
  assert.ok(allowed > asked / 20 && allowed < asked / 2, `${allowed} of ${asked} are allowed`)
})
