import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenRequest, TokenReview } from '../api/generated/types/authentication/v1.ts'
import type { SelfSubjectRulesReview, SubjectAccessReview } from '../api/generated/types/authorization/v1.ts'
import type { KubeObject } from '../apimachinery/meta.ts'
import { VirtualClock } from '../lib/clock.ts'
import { GuardedServer } from './guarded-server.suite.ts'

const ACCOUNT = '/api/v1/namespaces/default/serviceaccounts'
const DEFAULT_AUDIENCE = 'https://kubernetes.default.svc.cluster.local'

async function withAccount(clock?: VirtualClock): Promise<GuardedServer> {
  const server = await GuardedServer.start(clock && { clock })
  await server.create(ACCOUNT, { metadata: { name: 'app' } })
  return server
}

const tokenOf = async (server: GuardedServer, spec: object = {}): Promise<string> =>
  (await server.create<TokenRequest>(`${ACCOUNT}/app/token`, { spec })).status?.token ?? ''

const pod = (name: string): object => ({
  metadata: { name },
  spec: { serviceAccountName: 'app', nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
})

test('a token stands for its service account, and says what it is bound to', async () => {
  const server = await withAccount()
  await server.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  await server.create('/api/v1/namespaces/default/pods', pod('p'))
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' }
  const user = await server.userOf(await tokenOf(server, { boundObjectRef }))
  assert.equal(user.name, 'system:serviceaccount:default:app')
  assert.deepEqual(user.groups, ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'])
  assert.deepEqual(user.extra?.['authentication.kubernetes.io/pod-name'], ['p'])
  assert.deepEqual(user.extra?.['authentication.kubernetes.io/node-name'], ['n1'])
  assert.match(user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^JTI=/)
})

test('a token ends with the pod it is bound to, with its account, and with its time', async (t) => {
  await t.test('pod', async () => {
    const server = await withAccount()
    await server.create('/api/v1/namespaces/default/pods', pod('p'))
    const token = await tokenOf(server, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } })
    await server.userOf(token)
    await server.expect(200, 'DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0')
    await assert.rejects(server.userOf(token), /service account token has been invalidated/)
    await server.create('/api/v1/namespaces/default/pods', pod('p'))
    await assert.rejects(server.userOf(token), /pod UID .* does not match service account pod ref claim/)
  })
  await t.test('account', async () => {
    const server = await withAccount()
    const token = await tokenOf(server)
    await server.expect(200, 'DELETE', `${ACCOUNT}/app`)
    await assert.rejects(server.userOf(token), /serviceaccounts "app" not found/)
    await server.create(ACCOUNT, { metadata: { name: 'app' } })
    await assert.rejects(server.userOf(token), /service account UID .* does not match claim/)
  })
  await t.test('time', async () => {
    const clock = new VirtualClock()
    const server = await withAccount(clock)
    const token = await tokenOf(server, { expirationSeconds: 600 })
    await clock.advance(600_000)
    await server.userOf(token)
    await clock.advance(61_000)
    await assert.rejects(server.userOf(token), /service account token has expired/)
  })
})

test("a kubelet's token of an hour lives a year, and only when it is for the API server", async () => {
  const clock = new VirtualClock()
  const server = await withAccount(clock)
  await server.create('/api/v1/namespaces/default/pods', pod('p'))
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' }
  const request = await server.create<TokenRequest>(`${ACCOUNT}/app/token`, {
    spec: { boundObjectRef, expirationSeconds: 3607 },
  })
  assert.equal(request.status?.expirationTimestamp, '2026-01-01T01:00:07Z')
  const claims = claimsOf(request.status?.token ?? '')
  assert.equal(claims.exp - claims.iat, 365 * 24 * 3600)
  assert.equal(claims['kubernetes.io'].warnafter, claims.iat + 3607)
  const other = claimsOf(await tokenOf(server, { boundObjectRef, expirationSeconds: 3607, audiences: ['vault'] }))
  assert.equal(other.exp - other.iat, 3607)
})

function claimsOf(token: string): { exp: number; iat: number; 'kubernetes.io': { warnafter?: number } } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as ReturnType<typeof claimsOf>
}

test('what cannot be asked of a token is refused in words that say why', async (t) => {
  const server = await withAccount()
  await server.create(ACCOUNT, { metadata: { name: 'other' } })
  await server.create('/api/v1/namespaces/default/pods', {
    ...pod('p'),
    spec: { ...(pod('p') as { spec: object }).spec, serviceAccountName: 'other' },
  })
  const cases: readonly [string, number, object, RegExp][] = [
    ['too short', 422, { expirationSeconds: 599 }, /may not specify a duration less than 10 minutes/],
    ['too long', 422, { expirationSeconds: 2 ** 33 }, /may not specify a duration larger than 2\^32 seconds/],
    ['no such pod', 404, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'q' } }, /pods "q" not found/],
    [
      "another account's pod",
      400,
      { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } },
      /cannot bind token for serviceaccount "app" to pod running with different serviceaccount name\./,
    ],
    [
      'a kind that cannot be bound to',
      400,
      { boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'd' } },
      /cannot bind token to object of type apps\/v1, Kind=Deployment/,
    ],
  ]
  for (const [name, status, spec, message] of cases) {
    await t.test(name, async () => {
      const answer = await server.send('POST', `${ACCOUNT}/app/token`, { spec })
      assert.equal(answer.status, status)
      assert.match((answer.body as { message: string }).message, message)
    })
  }
})

test('TokenReview tells whose a token is, and for whom it is good', async () => {
  const server = await withAccount()
  const review = (token: string, audiences?: string[]): Promise<TokenReview> =>
    server.create('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, ...(audiences && { audiences }) } })
  const own = await review(await tokenOf(server))
  assert.equal(own.status?.authenticated, true)
  assert.deepEqual(own.status?.audiences, [DEFAULT_AUDIENCE])
  const vault = await tokenOf(server, { audiences: ['vault'] })
  assert.equal((await review(vault)).status?.authenticated, undefined)
  assert.equal((await review(vault, ['vault', 'x'])).status?.user?.username, 'system:serviceaccount:default:app')
  assert.match((await review('nonsense')).status?.error ?? '', /invalid bearer token/)
  await server.expect(400, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} })
})

test('a token that someone else signed is refused', async () => {
  const [server, stranger] = [await withAccount(), await withAccount()]
  await assert.rejects(server.userOf(await tokenOf(stranger)), /invalid bearer token/)
  const forged = (await tokenOf(server)).replace(/\.[^.]+$/, '.AAAA')
  await assert.rejects(server.userOf(forged), /invalid bearer token/)
})

test('access reviews answer as the authorizer would', async () => {
  const server = await GuardedServer.start()
  const ask = async (user: string, attributes: object): Promise<boolean | undefined> => {
    const spec = { user, resourceAttributes: { namespace: 'default', ...attributes } }
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    return (await server.create<SubjectAccessReview>(path, { spec })).status?.allowed
  }
  const replicaSets = 'system:serviceaccount:kube-system:replicaset-controller'
  assert.equal(await ask(replicaSets, { verb: 'create', resource: 'pods' }), true)
  assert.equal(await ask(replicaSets, { verb: 'get', resource: 'secrets' }), false)
  assert.equal(await ask('system:kube-scheduler', { verb: 'create', resource: 'pods', subresource: 'binding' }), true)
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
  const answer = await server.send('POST', path, { spec: { user: 'x' } })
  assert.equal(answer.status, 422)
  const rules = await server
    .as('bob')
    .create<SelfSubjectRulesReview>('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      spec: { namespace: 'default' },
    })
  assert.ok(rules.status?.nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes('/api/*')))
})

test('acting as someone else needs leave for every part of who that is', async () => {
  const server = await GuardedServer.start()
  const headers = { 'impersonate-user': 'carol' }
  const refused = await server.as('bob').send('GET', '/api/v1/namespaces', undefined, headers)
  const message = `namespaces is forbidden: User "bob" cannot impersonate-on:user-info:list resource "namespaces" in API group "" at the cluster scope`
  assert.equal((refused.body as { message: string }).message, message)
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'acting' },
    rules: [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['carol'] }],
  })
  await server.bind('acting', 'bob')
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const allowed = await server.as('bob').send('POST', review, {}, headers)
  const info = (allowed.body as { status: { userInfo: unknown } }).status.userInfo
  assert.deepEqual(info, { username: 'carol', groups: ['system:authenticated'] })
  const more = { ...headers, 'impersonate-group': 'system:masters' }
  assert.equal((await server.as('bob').send('GET', '/api/v1/pods', undefined, more)).status, 403)
})

test('anonymous clients see health and version, and nothing else', async () => {
  const server = await GuardedServer.start()
  const anonymous = server.as('system:anonymous', 'system:unauthenticated')
  assert.equal((await anonymous.send('GET', '/version')).status, 200)
  assert.equal((await anonymous.send('GET', '/healthz')).status, 200)
  for (const path of ['/api', '/apis', '/openapi/v2', '/api/v1/pods', '/metrics'])
    assert.equal((await anonymous.send('GET', path)).status, 403, path)
})

test('the issuer of tokens publishes its keys', async () => {
  const server = await GuardedServer.start()
  const configuration = await server.send('GET', '/.well-known/openid-configuration')
  const { issuer, jwks_uri: uri } = JSON.parse(configuration.body as string) as Record<string, string>
  assert.equal(issuer, DEFAULT_AUDIENCE)
  const { pathname } = new URL(uri ?? '')
  const { keys } = JSON.parse((await server.send('GET', pathname)).body as string) as { keys: KubeObject[] }
  assert.equal(keys.length, 1)
  assert.ok(!JSON.stringify(keys).includes('"d"'), 'the private part stays here')
})

test('nobody grants what they do not have', async () => {
  const server = await GuardedServer.start()
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles'
  await server.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'bob' },
    roleRef: { kind: 'ClusterRole', name: 'admin' },
    subjects: [{ kind: 'User', name: 'bob' }],
  })
  const bob = server.as('bob')
  const role = (name: string, ...resources: string[]): object => ({
    metadata: { name },
    rules: [{ verbs: ['get', 'create'], apiGroups: [''], resources }],
  })
  await bob.create(roles, role('fine', 'pods'))
  const refused = await bob.refused(403, 'POST', roles, role('nodes', 'nodes', 'pods'))
  assert.equal(
    refused,
    'roles.rbac.authorization.k8s.io "nodes" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["create" "get"]}',
  )
  const binding = (name: string): object => ({
    metadata: { name: `to-${name}` },
    roleRef: { kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name: 'carol' }],
  })
  const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
  await bob.create(bindings, binding('view'))
  assert.match(await bob.refused(403, 'POST', bindings, binding('cluster-admin')), /NonResourceURLs:\["\*"\]/)
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'binder' },
    rules: [{ verbs: ['bind'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] }],
  })
  await server.bind('binder', 'bob')
  await bob.create(bindings, binding('cluster-admin'))
})

test('a kubelet reads what its pods name, and nothing else', async () => {
  const server = await GuardedServer.start()
  const kubelet = server.as('system:node:n1', 'system:nodes', 'system:authenticated')
  await server.create(ACCOUNT, { metadata: { name: 'app' } })
  for (const name of ['used', 'unused'])
    await server.create('/api/v1/namespaces/default/secrets', { metadata: { name } })
  const volumes = [{ name: 'v', secret: { secretName: 'used' } }]
  const spec = { ...(pod('p') as { spec: object }).spec, volumes }
  const read = (path: string): Promise<number> => kubelet.send('GET', path).then(({ status }) => status)
  const secrets = '/api/v1/namespaces/default/secrets'
  assert.equal(await read(`${secrets}/used`), 403)
  await server.create('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec })
  assert.equal(await read(`${secrets}/used`), 200)
  assert.equal(await read(`${secrets}?fieldSelector=metadata.name%3Dused`), 200)
  assert.equal(await read(`${secrets}/unused`), 403)
  assert.equal(await read(secrets), 403)
  assert.equal(await read('/api/v1/pods?fieldSelector=spec.nodeName%3Dn1'), 200)
  assert.equal(await read('/api/v1/pods?fieldSelector=spec.nodeName%3Dn2'), 403)
  assert.equal(await read('/api/v1/nodes/n2'), 403)
  const { uid } = (await server.get<KubeObject>('/api/v1/namespaces/default/pods/p')).metadata
  const token = { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid } } }
  assert.equal((await kubelet.send('POST', `${ACCOUNT}/app/token`, token)).status, 201)
  assert.equal((await kubelet.send('POST', `${ACCOUNT}/default/token`, token)).status, 403)
  await server.expect(200, 'DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0')
  assert.equal(await read(`${secrets}/used`), 403)
})
