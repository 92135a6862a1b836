import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clusterRoleBindings } from '../../../api/rbac/v1/clusterrolebinding.ts'
import { clusterRoles } from '../../../api/rbac/v1/clusterrole.ts'
import { roleBindings } from '../../../api/rbac/v1/rolebinding.ts'
import { roles } from '../../../api/rbac/v1/role.ts'
import type { PolicyRule, Subject } from '../../../api/generated/types/rbac/v1.ts'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import type { UserInfo } from '../../authn/types.ts'
import { Mirrors } from '../../mirror/mirrors.ts'
import type { AuthorizationAttributes } from '../types.ts'
import { RbacAuthorizer } from './authorizer.ts'

interface Role {
  readonly namespace: string
  readonly name: string
  readonly rules: readonly PolicyRule[]
}
interface Binding {
  readonly namespace: string
  readonly kind: 'Role' | 'ClusterRole'
  readonly role: string
  readonly subjects: readonly Subject[]
}
interface Policy {
  readonly roles: readonly Role[]
  readonly bindings: readonly Binding[]
}

/** An authorizer over a store that holds the policy. */
async function authorizerOf({ roles: allRoles, bindings }: Policy): Promise<RbacAuthorizer> {
  const env = { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }
  const store = new MemoryStore(env)
  const write = (prefix: string, namespace: string, object: { metadata: { name: string } }): Promise<unknown> => {
    const key = namespace ? `${namespace}/${object.metadata.name}` : object.metadata.name
    const value = { ...object, metadata: { ...object.metadata, ...(namespace && { namespace }) } }
    return store.write({ key: `${prefix}/${key}`, value: new TextEncoder().encode(JSON.stringify(value)) })
  }
  for (const { namespace, name, rules } of allRoles)
    await write((namespace ? roles : clusterRoles).storagePrefix, namespace, { metadata: { name }, rules } as never)
  for (const [index, { namespace, kind, role, subjects }] of bindings.entries()) {
    const object = { metadata: { name: `b${index}` }, roleRef: { kind, name: role }, subjects }
    await write((namespace ? roleBindings : clusterRoleBindings).storagePrefix, namespace, object)
  }
  const mirrors = new Mirrors(store, env)
  const authorizer = new RbacAuthorizer(mirrors)
  await mirrors.start()
  mirrors.stop()
  return authorizer
}

/** RBAC as its documentation tells it, in the plainest way: every binding, every subject, every rule, every word. */
function modelAllows({ roles: allRoles, bindings }: Policy, asked: AuthorizationAttributes): boolean {
  const { user, namespace } = asked
  for (const binding of bindings) {
    if (binding.namespace !== '' && (binding.namespace !== namespace || !asked.resourceRequest)) continue
    const isBound = binding.subjects.some((subject) => {
      if (subject.kind === 'User') return subject.name === user.name
      if (subject.kind === 'Group') return user.groups.includes(subject.name)
      return user.name === `system:serviceaccount:${subject.namespace ?? binding.namespace}:${subject.name}`
    })
    const home = binding.kind === 'Role' ? binding.namespace : ''
    const role = allRoles.find((one) => one.name === binding.role && one.namespace === home)
    if (isBound && role?.rules.some((rule) => modelRuleAllows(rule, asked))) return true
  }
  return false
}

function modelRuleAllows(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  const anyOf = (list: readonly string[] | undefined, ...fitting: string[]): boolean =>
    [...(list ?? [])].some((word) => word === '*' || fitting.includes(word))
  if (!anyOf(rule.verbs, asked.verb)) return false
  if (!asked.resourceRequest) {
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith('*') ? asked.path.startsWith(url.slice(0, -1)) : url === asked.path,
    )
  }
  if (!anyOf(rule.apiGroups, asked.apiGroup)) return false
  const fitting = asked.subresource
    ? [`${asked.resource}/${asked.subresource}`, `*/${asked.subresource}`]
    : [asked.resource]
  if (!anyOf(rule.resources, ...fitting)) return false
  return !rule.resourceNames?.length || rule.resourceNames.includes(asked.name)
}

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'impersonate', 'bind']
const GROUPS = ['', 'apps', 'example.com']
const RESOURCES = ['pods', 'deployments', 'widgets', 'nodes']
const SUBRESOURCES = ['', 'status', 'scale', 'exec']
const NAMESPACES = ['', 'a', 'b']
const PATHS = ['/healthz', '/metrics', '/metrics/cadvisor', '/apis', '/apis/apps/v1']
const NAMES = ['', 'x', 'y']

const some = (...values: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const resourceWords = [
  '*',
  ...RESOURCES.flatMap((resource) => SUBRESOURCES.map((sub) => (sub ? `${resource}/${sub}` : resource))),
  '*/scale',
  '*/exec',
]
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ verbs: some('*', ...VERBS), nonResourceURLs: some('*', '/metrics/*', '/apis*', ...PATHS) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      verbs: some('*', ...VERBS),
      apiGroups: some('*', ...GROUPS),
      resources: some(...resourceWords),
      resourceNames: fc.uniqueArray(fc.constantFrom('x', 'y'), { maxLength: 2 }),
    }),
  },
)
const anyRole: fc.Arbitrary<Role> = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.constantFrom('r', 's', 't'),
  rules: fc.array(anyRule, { maxLength: 9 }),
})
const anySubject: fc.Arbitrary<Subject> = fc.oneof(
  fc.constantFrom('bob', 'carol', 'system:serviceaccount:a:app').map((name) => ({ kind: 'User', name })),
  fc.constantFrom('dev', 'system:authenticated').map((name) => ({ kind: 'Group', name })),
  fc.constantFrom('a', 'b').map((namespace) => ({ kind: 'ServiceAccount', name: 'app', namespace })),
)
const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  roles: fc.uniqueArray(anyRole, { maxLength: 6, selector: ({ namespace, name }) => `${namespace}/${name}` }),
  bindings: fc.array(
    fc
      .record({
        namespace: fc.constantFrom(...NAMESPACES),
        kind: fc.constantFrom('Role' as const, 'ClusterRole' as const),
        role: fc.constantFrom('r', 's', 't'),
        subjects: fc.array(anySubject, { maxLength: 2 }),
      })
      // A ClusterRoleBinding refers to nothing else.
      .map((binding) => (binding.namespace ? binding : { ...binding, kind: 'ClusterRole' as const })),
    { maxLength: 6 },
  ),
})
const USERS: readonly UserInfo[] = [
  { name: 'bob', groups: ['dev', 'system:authenticated'] },
  { name: 'carol', groups: ['system:authenticated'] },
  { name: 'system:serviceaccount:a:app', groups: ['system:authenticated'] },
  { name: 'system:serviceaccount:b:app', groups: ['system:authenticated'] },
  { name: 'nobody', groups: [] },
]

/** Every kind of question: each verb, scope, subresource and kind, and each path. */
function* questions(): Iterable<AuthorizationAttributes> {
  const base = { apiVersion: 'v1', path: '' }
  for (const user of USERS) {
    for (const verb of VERBS) {
      for (const path of PATHS) {
        const nothing = { namespace: '', apiGroup: '', resource: '', subresource: '', name: '' }
        yield { ...base, ...nothing, user, verb, resourceRequest: false, path }
      }
      for (const [index, namespace] of NAMESPACES.entries()) {
        for (const apiGroup of GROUPS) {
          for (const resource of RESOURCES) {
            for (const subresource of SUBRESOURCES) {
              const name = NAMES[(index + resource.length + subresource.length) % NAMES.length] ?? ''
              yield { ...base, user, verb, resourceRequest: true, namespace, apiGroup, resource, subresource, name }
            }
          }
        }
      }
    }
  }
}

test('decisions are those of the plainest model, for every verb, scope, subresource and kind', async () => {
  const all = [...questions()]
  let allowed = 0
  await fc.assert(
    fc.asyncProperty(anyPolicy, async (policy) => {
      const authorizer = await authorizerOf(policy)
      for (const asked of all) {
        const { decision } = authorizer.authorize(asked)
        const wanted = modelAllows(policy, asked)
        if (wanted) allowed++
        if ((decision === 'Allow') !== wanted)
          assert.fail(`${JSON.stringify(asked)}: ${decision}, the model says ${wanted}`)
      }
    }),
    { numRuns: 60, seed: 136 },
  )
  assert.ok(allowed > 1000, 'the policies allow something')
})

test('a decision looks at few rules, however many roles and bindings there are', async () => {
  const rules = Array.from({ length: 20 }, (_, index) => ({
    verbs: ['get'],
    apiGroups: [''],
    resources: [`things${index}`],
  }))
  const many = Array.from({ length: 1000 }, (_, index) => ({ namespace: '', name: `role${index}`, rules }))
  const bindings = Array.from({ length: 10_000 }, (_, index) => ({
    namespace: index % 2 ? `n${index % 100}` : '',
    kind: 'ClusterRole' as const,
    role: `role${index % 1000}`,
    subjects: [{ kind: 'User', name: `user${index % 2000}` }],
  }))
  const authorizer = await authorizerOf({ roles: many, bindings })
  const asked = {
    verb: 'get',
    resourceRequest: true,
    path: '',
    apiGroup: '',
    apiVersion: 'v1',
    subresource: '',
    name: 'x',
  }
  const decide = (name: string, resource: string): string =>
    authorizer.authorize({ ...asked, user: { name, groups: ['system:authenticated'] }, namespace: 'n7', resource })
      .decision
  assert.equal(decide('user6', 'things19'), 'Allow')
  assert.equal(authorizer.rulesLookedAt, 1)
  assert.equal(decide('user6', 'nothing'), 'NoOpinion')
  assert.equal(decide('nobody', 'things19'), 'NoOpinion')
  assert.equal(authorizer.rulesLookedAt, 1)
})
