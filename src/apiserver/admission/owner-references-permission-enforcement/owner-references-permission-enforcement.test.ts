import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { serverWith } from '../plugin-tests.suite.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const role = (name: string, resources: string[], ...verbs: string[]): object => ({
  metadata: { name },
  rules: [{ apiGroups: [''], resources, verbs }],
})

/** bob writes ConfigMaps, and nothing else. */
async function withBob(): Promise<GuardedServer> {
  const server = await serverWith({ enable: ['OwnerReferencesPermissionEnforcement'] })
  await grant(server, 'writer', ['configmaps'], 'create', 'update', 'get')
  return server
}

async function grant(server: GuardedServer, name: string, resources: string[], ...verbs: string[]): Promise<void> {
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', role(name, resources, ...verbs))
  await server.bind(name, 'bob')
}

const owned = (name: string, owner: object, blockOwnerDeletion?: boolean): object => ({
  metadata: { name, ownerReferences: [{ name: 'o', uid: '1', ...owner, blockOwnerDeletion }] },
})
const POD = { apiVersion: 'v1', kind: 'Pod' }

test('owners of what is there change only by who may delete it', async () => {
  const server = await withBob()
  const bob = server.as('bob')
  const made = await bob.create<ConfigMap>(MAPS, owned('a', POD))
  await bob.expect(200, 'PUT', `${MAPS}/a`, { ...made, data: { a: 'b' } })
  const without = { ...made, metadata: { name: 'a' } }
  assert.equal(
    await bob.refused(403, 'PUT', `${MAPS}/a`, without),
    `configmaps "a" is forbidden: cannot set an ownerRef on a resource you can't delete: , <nil>`,
  )
  await grant(server, 'deleter', ['configmaps'], 'delete')
  await bob.expect(200, 'PUT', `${MAPS}/a`, without)
})

test('an owner is held only by who may set its finalizers', async () => {
  const server = await withBob()
  const bob = server.as('bob')
  const held = `configmaps "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>`
  assert.equal(await bob.refused(403, 'POST', MAPS, owned('a', POD, true)), held)
  assert.equal(await bob.refused(403, 'POST', MAPS, owned('a', { apiVersion: 'v1', kind: 'Node' }, true)), held)
  assert.equal(
    await bob.refused(403, 'POST', MAPS, owned('a', { apiVersion: 'example.com/v1', kind: 'Nope' }, true)),
    'configmaps "a" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion example.com/v1 Kind Nope: no matches for kind "Nope" in version "example.com/v1"',
  )
  await bob.create(MAPS, owned('b', POD, false))
  await grant(server, 'holder', ['pods/finalizers'], 'update')
  await bob.create(MAPS, owned('a', POD, true))
  assert.equal(await bob.refused(403, 'POST', MAPS, owned('a', { apiVersion: 'v1', kind: 'Node' }, true)), held)
})
