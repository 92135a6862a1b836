import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from '../../../api/generated/types/rbac/v1.ts'
import { bootstrap } from '../bootstrap.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { planBinding, planRole } from './reconcile.ts'

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

const rule = (verbs: string, resources: string): PolicyRule => ({
  verbs: verbs.split(','),
  apiGroups: [''],
  resources: resources.split(','),
})
const role = (rules: PolicyRule[], metadata: ClusterRole['metadata'] = {}): ClusterRole => ({
  metadata: { name: 'r', ...metadata },
  rules,
})
const user = (name: string): Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const binding = (to: string, names: string, metadata: ClusterRoleBinding['metadata'] = {}): ClusterRoleBinding => ({
  metadata: { name: 'b', ...metadata },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
  subjects: names.split(',').map(user),
})
const select = (...parts: string[]): ClusterRole => ({
  ...role([]),
  aggregationRule: { clusterRoleSelectors: parts.map((part) => ({ matchLabels: { part } })) },
})

interface Case<T> {
  readonly name: string
  readonly wanted: T
  readonly stored?: T
  readonly verb: string
  readonly object?: T
}

const roleCases: readonly Case<ClusterRole>[] = [
  { name: 'missing', wanted: role([rule('get', 'pods')]), verb: 'create', object: role([rule('get', 'pods')]) },
  { name: 'equal', wanted: role([rule('get', 'pods')]), stored: role([rule('get', 'pods')]), verb: 'none' },
  {
    name: 'with the same in other words',
    wanted: role([rule('get', 'pods'), rule('list', 'pods')]),
    stored: role([rule('list,get', 'pods')]),
    verb: 'none',
  },
  {
    name: 'with more than is wanted',
    wanted: role([rule('get', 'pods')]),
    stored: role([rule('*', '*'), rule('bind', 'x')]),
    verb: 'none',
  },
  {
    name: 'that lacks a rule and has one of its own',
    wanted: role([rule('get', 'pods'), rule('get', 'nodes')]),
    stored: role([rule('delete', 'own'), rule('get', 'pods')]),
    verb: 'update',
    object: role([rule('delete', 'own'), rule('get', 'pods'), rule('get', 'nodes')], { labels: {}, annotations: {} }),
  },
  {
    name: 'that lacks a verb',
    wanted: role([rule('get,list', 'pods')]),
    stored: role([rule('get', 'pods')]),
    verb: 'update',
    object: role([rule('get', 'pods'), rule('list', 'pods')], { labels: {}, annotations: {} }),
  },
  {
    name: 'that says to leave it alone',
    wanted: role([rule('get', 'pods')]),
    stored: role([], { annotations: { [AUTOUPDATE]: 'false' } }),
    verb: 'none',
  },
  {
    name: 'that says to bring it up to date',
    wanted: role([rule('get', 'pods')], { annotations: { [AUTOUPDATE]: 'true' } }),
    stored: role([], { annotations: { [AUTOUPDATE]: 'true' } }),
    verb: 'update',
    object: role([rule('get', 'pods')], { labels: {}, annotations: { [AUTOUPDATE]: 'true' } }),
  },
  {
    name: 'with labels and annotations of its own',
    wanted: role([], { labels: { a: '1', b: '1' }, annotations: { c: '1', d: '1' } }),
    stored: role([], { uid: 'u', labels: { b: 'own', z: 'own' }, annotations: { d: 'own' } }),
    verb: 'update',
    object: role([], { uid: 'u', labels: { a: '1', b: 'own', z: 'own' }, annotations: { c: '1', d: 'own' } }),
  },
  {
    name: 'that gathers less than it should, and something of its own',
    wanted: select('x', 'y'),
    stored: { ...select('own', 'x'), rules: [rule('get', 'gathered')] },
    verb: 'update',
    object: {
      ...select('own', 'x', 'y'),
      metadata: { name: 'r', labels: {}, annotations: {} },
      rules: [rule('get', 'gathered')],
    },
  },
  { name: 'that gathers more than it should', wanted: select('x'), stored: select('own', 'x'), verb: 'none' },
  {
    name: 'that gathers though it should not',
    wanted: role([rule('get', 'pods')]),
    stored: { ...select('own'), rules: [rule('get', 'pods')] },
    verb: 'update',
    object: role([rule('get', 'pods')], { labels: {}, annotations: {} }),
  },
]

const bindingCases: readonly Case<ClusterRoleBinding>[] = [
  { name: 'missing', wanted: binding('r', 'a'), verb: 'create', object: binding('r', 'a') },
  { name: 'equal', wanted: binding('r', 'a,b'), stored: binding('r', 'b,a'), verb: 'none' },
  {
    name: 'that lacks a subject and has one of its own',
    wanted: binding('r', 'a,b'),
    stored: binding('r', 'own,b', { uid: 'u' }),
    verb: 'update',
    object: binding('r', 'own,b,a', { uid: 'u', labels: {}, annotations: {} }),
  },
  {
    name: 'to another role',
    wanted: binding('r', 'a'),
    stored: binding('other', 'own', { uid: 'u', labels: { own: 'yes' } }),
    verb: 'recreate',
    object: binding('r', 'a'),
  },
  {
    name: 'to another role that says to leave it alone',
    wanted: binding('r', 'a'),
    stored: binding('other', 'own', { annotations: { [AUTOUPDATE]: 'false' } }),
    verb: 'none',
  },
]

for (const { name, wanted, stored, verb, object } of roleCases)
  test(`a role ${name}`, () => {
    const step = planRole(wanted, stored)
    assert.equal(step.verb, verb)
    if (object) assert.deepEqual(step.object, object)
  })

for (const { name, wanted, stored, verb, object } of bindingCases)
  test(`a binding ${name}`, () => {
    const step = planBinding(wanted, stored)
    assert.equal(step.verb, verb)
    if (object) assert.deepEqual(step.object, object)
  })

test('nobody gets a default role at the next start by having taken the name of its binding', async () => {
  const server = await GuardedServer.start()
  const path = `${RBAC}/clusterrolebindings`
  await server.expect(200, 'DELETE', `${path}/cluster-admin`)
  await server.create(path, { ...binding('view', 'mallory'), metadata: { name: 'cluster-admin' } })
  await bootstrap(server.server, { serviceCidrs: ['10.96.0.0/16'] })
  const { roleRef, subjects } = await server.get<ClusterRoleBinding>(`${path}/cluster-admin`)
  assert.equal(roleRef.name, 'cluster-admin')
  assert.deepEqual(
    subjects?.map(({ kind, name }) => `${kind} ${name}`),
    ['Group system:masters'],
  )
  await server.as('mallory').expect(403, 'GET', '/api/v1/secrets')
})

test('the next start makes again what was removed, and keeps what was said of what is there', async () => {
  const server = await GuardedServer.start()
  const removed = [
    `${RBAC}/clusterroles/system:kube-scheduler`,
    `${RBAC}/clusterroles/view`,
    `${RBAC}/clusterrolebindings/system:node-proxier`,
    `${RBAC}/namespaces/kube-system/roles/extension-apiserver-authentication-reader`,
    `${RBAC}/namespaces/kube-system/rolebindings/system::leader-locking-kube-scheduler`,
  ]
  const before = await Promise.all(removed.map((path) => server.get<ClusterRole>(path)))
  for (const path of removed) await server.expect(200, 'DELETE', path)
  const basic = `${RBAC}/clusterroles/system:basic-user`
  const { metadata, ...rest } = await server.get<ClusterRole>(basic)
  const said = { ...metadata, labels: { own: 'yes' }, annotations: { own: 'yes', [AUTOUPDATE]: 'true' } }
  await server.expect(200, 'PUT', basic, { ...rest, metadata: said })
  await bootstrap(server.server, { serviceCidrs: ['10.96.0.0/16'] })
  for (const [index, path] of removed.entries()) {
    const { metadata: own, ...made } = await server.get<ClusterRole>(path)
    const { metadata: old, ...wanted } = before[index] ?? { metadata: {} }
    assert.deepEqual(made, wanted)
    assert.deepEqual([own.labels, own.annotations], [old.labels, old.annotations])
    assert.notEqual(own.uid, old.uid)
  }
  const { labels, annotations } = (await server.get<ClusterRole>(basic)).metadata
  assert.deepEqual(labels, { 'kubernetes.io/bootstrapping': 'rbac-defaults', own: 'yes' })
  assert.deepEqual(annotations, { own: 'yes', [AUTOUPDATE]: 'true' })
})
