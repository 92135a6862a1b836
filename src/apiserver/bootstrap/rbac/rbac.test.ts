import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterRole, ClusterRoleBinding } from '../../../api/generated/types/rbac/v1.ts'
import { bootstrap } from '../bootstrap.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { bootstrapPolicy, ruleOf } from './policy.ts'

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'

const again = (server: GuardedServer): Promise<void> =>
  bootstrap(server.server, { serviceCidrs: ['10.96.0.0/16'], advertise: { address: '192.0.2.1', port: 6443 } })

test('rules are read out of their short form', () => {
  assert.deepEqual(ruleOf('list,get core,apps pods,deployments a,b'), {
    verbs: ['get', 'list'],
    apiGroups: ['', 'apps'],
    resources: ['deployments', 'pods'],
    resourceNames: ['a', 'b'],
  })
  assert.deepEqual(ruleOf('get /b /a'), { verbs: ['get'], nonResourceURLs: ['/a', '/b'] })
  assert.deepEqual(ruleOf('* *'), { verbs: ['*'], nonResourceURLs: ['*'] })
})

test('every binding has its role, and admin can do what edit can, and edit what view can', () => {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = bootstrapPolicy()
  const names = new Set(clusterRoles.map(({ metadata }) => metadata.name))
  for (const { roleRef } of clusterRoleBindings) assert.ok(names.has(roleRef.name), roleRef.name)
  const local = new Set(roles.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  for (const { roleRef, metadata } of roleBindings) assert.ok(local.has(`${metadata.namespace}/${roleRef.name}`))
  const rulesOf = (name: string): string[] =>
    (clusterRoles.find(({ metadata }) => metadata.name === name)?.rules ?? []).map((rule) => JSON.stringify(rule))
  for (const rule of rulesOf('view')) assert.ok(rulesOf('edit').includes(rule), rule)
  for (const rule of rulesOf('edit')) assert.ok(rulesOf('admin').includes(rule), rule)
})

test('a second start writes nothing', async () => {
  const server = await GuardedServer.start()
  const before = server.server.registry.store.revision
  await again(server)
  assert.equal(server.server.registry.store.revision, before)
})

test('what was taken from roles comes back, what was added stays, and protected ones are left alone', async () => {
  const server = await GuardedServer.start()
  const own = { verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }
  const role = await server.get<ClusterRole>(`${ROLES}/system:kube-dns`)
  await server.expect(200, 'PUT', `${ROLES}/system:kube-dns`, { ...role, rules: [own] })
  const kept = await server.get<ClusterRole>(`${ROLES}/system:heapster`)
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
  const frozen = { ...kept, metadata: { ...kept.metadata, annotations }, rules: [] }
  await server.expect(200, 'PUT', `${ROLES}/system:heapster`, frozen)
  const binding = await server.get<ClusterRoleBinding>(`${BINDINGS}/system:discovery`)
  const someone = { kind: 'User', name: 'someone', apiGroup: 'rbac.authorization.k8s.io' }
  await server.expect(200, 'PUT', `${BINDINGS}/system:discovery`, { ...binding, subjects: [someone] })
  await server.expect(200, 'DELETE', `${BINDINGS}/system:kube-scheduler`)
  await again(server)
  const { rules } = await server.get<ClusterRole>(`${ROLES}/system:kube-dns`)
  assert.deepEqual(rules?.[0], own)
  assert.equal(rules.length, 3)
  assert.deepEqual((await server.get<ClusterRole>(`${ROLES}/system:heapster`)).rules ?? [], [])
  const { subjects } = await server.get<ClusterRoleBinding>(`${BINDINGS}/system:discovery`)
  assert.deepEqual(
    subjects?.map(({ name }) => name),
    ['someone', 'system:authenticated'],
  )
  await server.get(`${BINDINGS}/system:kube-scheduler`)
})
