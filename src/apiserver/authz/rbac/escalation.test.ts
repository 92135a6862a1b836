import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import type { AuthorizationAttributes } from '../types.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'
const WRITES = ['create', 'update', 'patch', 'delete']

const BOB = { name: 'bob', groups: ['system:authenticated'] }
const PEOPLE = [BOB, { name: 'carol', groups: ['system:authenticated'] }]

/** What bob has at first: he may write every role and binding, and little else. */
const OWN: readonly PolicyRule[] = [
  { verbs: WRITES, apiGroups: [GROUP], resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'] },
  { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] },
  { verbs: ['get'], apiGroups: ['apps'], resources: ['*'], resourceNames: ['x'] },
  { verbs: ['get'], nonResourceURLs: ['/metrics/*'] },
]
/** What he has in one namespace alone. */
const LOCAL: readonly PolicyRule[] = [{ verbs: ['get', 'delete'], apiGroups: [''], resources: ['secrets'] }]

const some = (...values: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/metrics/a', '/metrics/*', '/metrics', '*') }),
  fc
    .record({
      verbs: some('get', 'list', 'delete', '*', 'escalate', 'bind', 'impersonate'),
      apiGroups: some('', 'apps', '*', GROUP),
      resources: some('pods', 'pods/log', 'secrets', 'deployments', 'clusterroles', 'roles', 'users', '*', '*/log'),
      resourceNames: fc.uniqueArray(fc.constantFrom('x', 'y'), { maxLength: 1 }),
    })
    .map(({ resourceNames, ...rest }) => ({ ...rest, ...(resourceNames.length > 0 && { resourceNames }) })),
)
const place = fc.constantFrom('', 'namespaces/a/', 'namespaces/b/')
const name = fc.constantFrom('r', 's')
const roleName = fc.constantFrom('r', 's', 'given', 'much', 'gathers', 'view', 'cluster-admin')
const rules = fc.array(anyRule, { minLength: 1, maxLength: 2 })
const labels = fc.constantFrom({}, { gathered: 'true' }, { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' })
const subjects = fc.constantFrom(...PEOPLE.map((one) => [{ kind: 'User', apiGroup: GROUP, name: one.name }]))

interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly type?: string
}
const plural = (at: string, kind: 'role' | 'rolebinding'): string => `${RBAC}/${at}${at ? kind : `cluster${kind}`}s`
const merge = 'application/merge-patch+json'
const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { gathered: 'true' } }] }

const anyRequest: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ at: place, name, rules, labels }).map(({ at, name: called, rules: held, labels: marked }) => ({
    method: 'POST',
    path: plural(at, 'role'),
    body: { metadata: { name: called, labels: marked }, rules: held },
  })),
  fc.record({ at: place, roleName, rules }).map(({ at, roleName: called, rules: held }) => ({
    method: 'PATCH',
    path: `${plural(at, 'role')}/${called}`,
    body: { rules: held },
    type: merge,
  })),
  fc.record({ at: place, roleName, labels }).map(({ at, roleName: called, labels: marked }) => ({
    method: 'PATCH',
    path: `${plural(at, 'role')}/${called}`,
    body: { metadata: { labels: marked } },
    type: merge,
  })),
  fc.record({ roleName, on: fc.boolean() }).map(({ roleName: called, on }) => ({
    method: 'PATCH',
    path: `${RBAC}/clusterroles/${called}`,
    body: { aggregationRule: on ? aggregationRule : null },
    type: merge,
  })),
  fc
    .record({ at: place, name, roleName, subjects, kind: fc.constantFrom('Role', 'ClusterRole') })
    .map(({ at, name: called, roleName: role, subjects: whom, kind }) => ({
      method: 'POST',
      path: plural(at, 'rolebinding'),
      body: {
        metadata: { name: called },
        roleRef: { apiGroup: GROUP, kind: at ? kind : 'ClusterRole', name: role },
        subjects: whom,
      },
    })),
  fc
    .record({ at: place, name: fc.constantFrom('r', 's', 'given'), subjects })
    .map(({ at, name: called, subjects: whom }) => ({
      method: 'PATCH',
      path: `${plural(at, 'rolebinding')}/${called}`,
      body: { subjects: whom },
      type: merge,
    })),
  fc.record({ at: place, name, kind: fc.constantFrom('role' as const, 'rolebinding' as const) }).map((of) => ({
    method: 'DELETE',
    path: `${plural(of.at, of.kind)}/${of.name}`,
  })),
)

/** One of each kind of thing that can be asked for. */
const QUESTIONS: readonly Omit<AuthorizationAttributes, 'user'>[] = [
  ...['get', 'list', 'delete', 'escalate', 'bind', 'impersonate'].flatMap((verb) =>
    ['', 'a', 'b'].flatMap((namespace) =>
      [
        '/pods',
        '/pods/log',
        '/secrets',
        '/users',
        'apps/deployments',
        'apps/deployments/log',
        `${GROUP}/clusterroles`,
      ].flatMap((what) => ['', 'x', 'y'].map((called) => question(verb, namespace, what, called))),
    ),
  ),
  ...['/metrics', '/metrics/a', '/other'].map((path) => ({
    ...question('get', '', '/', ''),
    resourceRequest: false,
    path,
  })),
]

function question(
  verb: string,
  namespace: string,
  what: string,
  called: string,
): Omit<AuthorizationAttributes, 'user'> {
  const [apiGroup = '', resource = '', subresource = ''] = what.split('/')
  return {
    verb,
    resourceRequest: true,
    path: '',
    namespace,
    apiGroup,
    apiVersion: 'v1',
    resource,
    subresource,
    name: called,
  }
}

async function started(): Promise<GuardedServer> {
  const server = await GuardedServer.start()
  for (const namespace of ['a', 'b']) await server.create('/api/v1/namespaces', { metadata: { name: namespace } })
  const cluster = (called: string, more: object): Promise<unknown> =>
    server.create(`${RBAC}/clusterroles`, { metadata: { name: called }, ...more })
  await cluster('given', { rules: OWN })
  await cluster('much', { rules: [{ verbs: ['*'], apiGroups: [''], resources: ['secrets'] }] })
  await cluster('gathers', { aggregationRule, rules: [] })
  await server.bind('given', 'bob')
  await server.create(`${RBAC}/namespaces/a/roles`, { metadata: { name: 'given' }, rules: LOCAL })
  await server.create(`${RBAC}/namespaces/a/rolebindings`, {
    metadata: { name: 'given' },
    roleRef: { apiGroup: GROUP, kind: 'Role', name: 'given' },
    subjects: [{ kind: 'User', name: 'bob' }],
  })
  // Someone else's, whose subjects he may not choose.
  await server.create(`${RBAC}/namespaces/b/rolebindings`, {
    metadata: { name: 'given' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'much' },
    subjects: [],
  })
  return server
}

/** What any of the people may do, by question. */
async function allowed(server: GuardedServer, people: readonly (typeof BOB)[]): Promise<Set<number>> {
  const found = new Set<number>()
  for (const [index, asked] of QUESTIONS.entries()) {
    for (const user of people) {
      if ((await server.guard.authorizer.authorize({ ...asked, user })).decision === 'Allow') found.add(index)
    }
  }
  return found
}

test('no sequence of allowed requests gives anyone more than its sender had', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyRequest, { minLength: 5, maxLength: 30 }), async (requests) => {
      const server = await started()
      const had = await allowed(server, [BOB])
      for (const { method, path, body, type } of requests) {
        const headers = { ...(type && { 'content-type': type }) }
        const { status } = await server.as('bob').send(method, path, body, headers)
        if (status < 300) accepted++
      }
      for (const index of await allowed(server, PEOPLE))
        assert.ok(had.has(index), `gained: ${JSON.stringify(QUESTIONS[index])}`)
      server.guard.stop?.()
    }),
    { numRuns: 25, seed: 136 },
  )
  assert.ok(accepted > 15, `only ${accepted} requests were accepted`)
})

test('a label that puts a role into another is as good as granting its rules', async () => {
  const server = await started()
  const label = { metadata: { labels: { gathered: 'true' } } }
  const { status, body } = await server
    .as('bob')
    .send('PATCH', `${RBAC}/clusterroles/much`, label, { 'content-type': merge })
  assert.equal(status, 403)
  assert.match((body as { message: string }).message, /is attempting to grant RBAC permissions not currently held/)
})

const STRONG = 'system:serviceaccount:a:strong'
/** Ways past roles: acting as someone, another's token, a certificate. He was given none of them, and cannot give them to himself. */
const anyOtherWay: fc.Arbitrary<Request & { readonly headers?: Record<string, string> }> = fc.oneof(
  fc
    .record({ request: anyRequest, who: fc.constantFrom('carol', 'admin', STRONG), masters: fc.boolean() })
    .map(({ request, who, masters }) => ({
      ...request,
      headers: { 'impersonate-user': who, ...(masters && { 'impersonate-group': 'system:masters' }) },
    })),
  fc.constant({
    method: 'POST',
    path: '/api/v1/namespaces/a/serviceaccounts/strong/token',
    body: { spec: {} },
  }),
  fc.constantFrom('approval', 'status').map((sub) => ({
    method: 'PATCH',
    path: `/apis/certificates.k8s.io/v1/certificatesigningrequests/masters/${sub}`,
    body: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'x' }] } },
    type: merge,
  })),
)

test('no sequence of requests leads to acting as another, to another account or to a certificate', async () => {
  let accepted = 0
  let tried = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRequest, { minLength: 10, maxLength: 20 }),
      fc.array(anyOtherWay, { maxLength: 8 }),
      async (a, b) => {
        const server = await started()
        await server.create('/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'strong' } })
        await server.bind('cluster-admin', STRONG)
        for (const request of a) {
          const headers = { ...(request.type && { 'content-type': request.type }) }
          if ((await server.as('bob').send(request.method, request.path, request.body, headers)).status < 300)
            accepted++
        }
        for (const { method, path, body, type, headers: more } of b) {
          tried++
          const answer = await server
            .as('bob')
            .send(method, path, body, { ...(type && { 'content-type': type }), ...more })
          assert.equal(answer.status, 403, JSON.stringify([method, path, more, answer.body]))
        }
        server.guard.stop()
      },
    ),
    { numRuns: 15, seed: 136 },
  )
  assert.ok(accepted > 3 && tried > 20, `${accepted} accepted, ${tried} tried`)
})
