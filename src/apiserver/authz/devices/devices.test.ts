import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardedServer } from '../../guarded-server.suite.ts'

const CLAIMS = '/apis/resource.k8s.io/v1/namespaces/a/resourceclaims'
const NEEDS_LABEL =
  'admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace'

const claim = (name: string, adminAccess?: boolean): object => ({
  metadata: { name },
  spec: {
    devices: {
      requests: [{ name: 'one', exactly: { deviceClassName: 'c', ...(adminAccess && { adminAccess }) } }],
    },
  },
})
const result = (more: object = {}): object => ({
  request: 'one',
  driver: 'd.example.com',
  pool: 'p',
  device: 'x',
  ...more,
})
const allocation = (more?: object): object => ({
  devices: { results: [result(more)] },
  nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }] },
})

async function started(): Promise<GuardedServer> {
  const server = await GuardedServer.start()
  await server.create('/api/v1/namespaces', { metadata: { name: 'a' } })
  return server
}

async function role(server: GuardedServer, name: string, user: string, rules: readonly object[]): Promise<void> {
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name }, rules })
  await server.bind(name, user)
}

const rule = (verbs: readonly string[], resource: string, more: object = {}): object => ({
  verbs,
  apiGroups: ['resource.k8s.io'],
  resources: [resource],
  ...more,
})

test('devices that others use are asked for in namespaces alone that are labelled so', async () => {
  const server = await started()
  const field = 'spec.devices.requests[0].adminAccess: Forbidden: '
  assert.equal(
    await server.refused(422, 'POST', CLAIMS, claim('c', true)),
    `ResourceClaim.resource.k8s.io "c" is invalid: ${field}${NEEDS_LABEL}`,
  )
  const template = { metadata: { name: 't' }, spec: claim('', true) }
  const TEMPLATES = '/apis/resource.k8s.io/v1/namespaces/a/resourceclaimtemplates'
  assert.equal(
    await server.refused(422, 'POST', TEMPLATES, {
      ...template,
      spec: { spec: (template.spec as { spec: object }).spec },
    }),
    `ResourceClaimTemplate.resource.k8s.io "t" is invalid: ${field}${NEEDS_LABEL}`,
  )
  await server.create(CLAIMS, claim('plain'))
  const label = { metadata: { labels: { 'resource.kubernetes.io/admin-access': 'true' } } }
  await server.send('PATCH', '/api/v1/namespaces/a', label, { 'content-type': 'application/merge-patch+json' })
  await server.create(CLAIMS, claim('c', true))
  await server.create(TEMPLATES, { ...template, spec: { spec: (template.spec as { spec: object }).spec } })
})

test('an allocation gives such devices in labelled namespaces alone', async () => {
  const server = await started()
  await server.create(CLAIMS, claim('c'))
  const status = { ...claim('c'), status: { allocation: allocation({ adminAccess: true }) } }
  assert.equal(
    await server.refused(422, 'PUT', `${CLAIMS}/c/status`, status),
    `ResourceClaim.resource.k8s.io "c" is invalid: status.allocation.devices.results[0].adminAccess: Forbidden: ${NEEDS_LABEL}`,
  )
})

test('who writes a status allocates only with a right to bind claims', async () => {
  const server = await started()
  await server.create(CLAIMS, claim('c'))
  await role(server, 'statuses', 'bob', [rule(['update', 'patch'], 'resourceclaims/status')])
  const bob = server.as('bob')
  const status = { ...claim('c'), status: { allocation: allocation() } }
  assert.equal(
    await bob.refused(422, 'PUT', `${CLAIMS}/c/status`, status),
    'ResourceClaim.resource.k8s.io "c" is invalid: status.allocation: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: User "bob" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
  )
  await role(server, 'binds', 'bob', [rule(['update'], 'resourceclaims/binding')])
  await bob.expect(200, 'PUT', `${CLAIMS}/c/status`, status)
  // What stays as it is needs no right.
  await server.expect(200, 'GET', `${CLAIMS}/c/status`)
})

test('who reports on a device does so for its driver, on its own node or on any', async () => {
  const server = await started()
  await server.create(CLAIMS, claim('c'))
  const status = { allocation: allocation() }
  await server.expect(200, 'PUT', `${CLAIMS}/c/status`, { ...claim('c'), status })
  await role(server, 'reports', 'system:serviceaccount:a:driver', [
    rule(['update'], 'resourceclaims/status'),
    rule(['associated-node:update'], 'resourceclaims/driver', { resourceNames: ['d.example.com'] }),
  ])
  const devices = [{ driver: 'd.example.com', pool: 'p', device: 'x', data: { a: 1 } }]
  const body = { ...claim('c'), status: { ...status, devices } }
  const on = (...nodes: readonly string[]): ReturnType<GuardedServer['as']> => {
    const speaker = server.as('system:serviceaccount:a:driver')
    return Object.assign(speaker, {
      user: { ...speaker.user, extra: { 'authentication.kubernetes.io/node-name': nodes } },
    })
  }
  const demand = (verbs: string, verb: string): string =>
    `ResourceClaim.resource.k8s.io "c" is invalid: status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[${verbs}]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "system:serviceaccount:a:driver" cannot ${verb} resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "a"`
  for (const nodes of [[], ['n2'], ['n1', 'n2']])
    assert.equal(
      await on(...nodes).refused(422, 'PUT', `${CLAIMS}/c/status`, body),
      demand('arbitrary-node:update', 'arbitrary-node:update'),
    )
  const other = { ...body, status: { ...status, devices: [{ ...devices[0], driver: 'e.example.com' }] } }
  const refusal = await on('n1').refused(422, 'PUT', `${CLAIMS}/c/status`, other)
  assert.ok(
    refusal.includes(
      demand('associated-node:update arbitrary-node:update', 'associated-node:update')
        .replace('ResourceClaim.resource.k8s.io "c" is invalid: ', '')
        .replace('d.example', 'e.example'),
    ),
    refusal,
  )
  await on('n1').expect(200, 'PUT', `${CLAIMS}/c/status`, body)
})
