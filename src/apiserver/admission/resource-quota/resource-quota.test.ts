import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PersistentVolumeClaim, Pod, ResourceQuota } from '../../../api/generated/types/core/v1.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import type { LimitedResource } from './limited.ts'

const QUOTAS = '/api/v1/namespaces/default/resourcequotas'
const PODS = '/api/v1/namespaces/default/pods'

/** A server with an account for pods and a quota that has been counted. */
async function withQuota(hard: Record<string, string>, spec: object = {}): Promise<GuardedServer> {
  const server = await GuardedServer.start()
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await addQuota(server, 'q', hard, spec)
  return server
}

async function addQuota(
  server: GuardedServer,
  name: string,
  hard: Record<string, string>,
  spec: object = {},
): Promise<void> {
  const quota = await server.create<ResourceQuota>(QUOTAS, { metadata: { name }, spec: { hard, ...spec } })
  const used = Object.fromEntries(Object.keys(hard).map((one) => [one, '0']))
  await server.expect(200, 'PUT', `${QUOTAS}/${name}/status`, { ...quota, status: { hard, used } })
}

const pod = (name: string, resources: object = {}, spec: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
})

const usedOf = async (server: GuardedServer, name = 'q'): Promise<Record<string, unknown> | undefined> =>
  (await server.get<ResourceQuota>(`${QUOTAS}/${name}`)).status?.used

test('what a pod asks for is charged, and what no longer fits is refused in numbers', async () => {
  const server = await withQuota({ pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi' })
  const resources = { requests: { cpu: '600m' }, limits: { memory: '256Mi' } }
  await server.create(PODS, pod('a', resources))
  assert.deepEqual(await usedOf(server), { 'limits.memory': '256Mi', pods: '1', 'requests.cpu': '600m' })
  assert.equal(
    await server.refused(403, 'POST', PODS, pod('b', resources)),
    'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  )
  assert.equal(
    await server.refused(403, 'POST', PODS, pod('b')),
    'pods "b" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  )
  await server.create(PODS, pod('b', { requests: { cpu: '0.1' }, limits: { memory: '1Mi' } }))
  const small = { requests: { cpu: '1m' }, limits: { memory: '1Mi' } }
  assert.equal(
    await server.refused(403, 'POST', PODS, pod('c', small)),
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
  )
})

test('a quota that was not counted yet lets nothing in', async () => {
  const server = await GuardedServer.start()
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const quota = await server.create<ResourceQuota>(QUOTAS, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } })
  await server.expect(200, 'PUT', `${QUOTAS}/q/status`, { ...quota, status: { hard: { pods: '1' } } })
  assert.match(await server.refused(403, 'POST', PODS, pod('a')), /status unknown for quota: q, resources: pods/)
})

test('objects of any kind can be counted, and Services by what they take', async () => {
  const server = await withQuota({
    configmaps: '1',
    'count/leases.coordination.k8s.io': '1',
    'services.nodeports': '1',
  })
  await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  assert.match(
    await server.refused(403, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'b' } }),
    /exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1/,
  )
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
  await server.create(leases, { metadata: { name: 'a' } })
  await server.expect(403, 'POST', leases, { metadata: { name: 'b' } })
  const services = '/api/v1/namespaces/default/services'
  const service = (name: string, type: string): object => ({
    metadata: { name },
    spec: { type, ports: [{ port: 80 }] },
  })
  await server.create(services, service('inside', 'ClusterIP'))
  await server.create(services, service('outside', 'NodePort'))
  const inside = await server.get<{ spec: object }>(`${services}/inside`)
  const message = await server.refused(403, 'PUT', `${services}/inside`, {
    ...inside,
    spec: { ...inside.spec, type: 'NodePort' },
  })
  assert.match(message, /requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1/)
})

test('a quota with scopes is about the pods in all of them', async () => {
  const server = await withQuota({ pods: '0' }, { scopes: ['BestEffort', 'NotTerminating'] })
  await addQuota(
    server,
    'high',
    { pods: '0' },
    {
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    },
  )
  await server.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 10 })
  const asks = { requests: { cpu: '1m' } }
  await server.create(PODS, pod('burstable', asks))
  await server.create(PODS, pod('ending', {}, { activeDeadlineSeconds: 5 }))
  assert.match(await server.refused(403, 'POST', PODS, pod('a')), /exceeded quota: q/)
  assert.match(
    await server.refused(403, 'POST', PODS, pod('b', asks, { priorityClassName: 'high' })),
    /exceeded quota: high/,
  )
})

test('a dry run is measured and charges nothing; a refusal by one quota charges no other', async () => {
  const server = await withQuota({ pods: '1' })
  await addQuota(server, 'r', { pods: '5' })
  await server.create(`${PODS}?dryRun=All`, pod('a'))
  assert.deepEqual(await usedOf(server), { pods: '0' })
  await server.create(PODS, pod('a'))
  await server.expect(403, 'POST', PODS, pod('b'))
  assert.deepEqual(await usedOf(server, 'r'), { pods: '1' })
})

test('however many come at once, no more get in than fit, and all that fit do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 24 }), async (asks) => {
      const server = await withQuota({ 'requests.cpu': '1', pods: '10' })
      const answers = await Promise.all(
        asks.map((cpu, index) => server.send('POST', PODS, pod(`p${index}`, { requests: { cpu: `${cpu}m` } }))),
      )
      const inside = asks.filter((_, index) => answers[index]?.status === 201)
      const total = inside.reduce((a, b) => a + b, 0)
      assert.ok(total <= 1000 && inside.length <= 10)
      for (const [index, cpu] of asks.entries())
        if (answers[index]?.status !== 201) assert.ok(total + cpu > 1000 || inside.length === 10)
      const used = await usedOf(server)
      assert.equal(Number(used?.['pods']), inside.length)
    }),
    { numRuns: 15 },
  )
})

test('what is limited is used only where a quota is about it', async (t) => {
  const limitedResources: readonly LimitedResource[] = [
    { resource: 'pods', matchContains: ['requests.cpu'] },
    {
      resource: 'pods',
      matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high', 'higher'] }],
    },
    { apiGroup: 'coordination.k8s.io', resource: 'leases', matchContains: ['count/'] },
  ]
  const server = await GuardedServer.start({ admission: { limitedResources } })
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await server.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 10 })
  const cpu = { requests: { cpu: '1m' } }
  await t.test('a resource', async () => {
    await server.create(PODS, pod('free'))
    assert.equal(
      await server.refused(403, 'POST', PODS, pod('a', cpu)),
      'pods "a" is forbidden: insufficient quota to consume: requests.cpu',
    )
    await addQuota(server, 'cpu', { 'requests.cpu': '1', pods: '5' })
    await server.create(PODS, pod('a', cpu))
  })
  await t.test('a scope', async () => {
    const high = pod('b', cpu, { priorityClassName: 'high' })
    assert.equal(
      await server.refused(500, 'POST', PODS, high),
      'insufficient quota to match these scopes: [{PriorityClass In [high higher]}]',
    )
    const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }]
    await addQuota(server, 'high', { pods: '1' }, { scopeSelector: { matchExpressions } })
    await server.create(PODS, high)
  })
  await t.test('a resource of a group', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
    assert.match(
      await server.refused(403, 'POST', leases, { metadata: { name: 'a' } }),
      /insufficient quota to consume: count\/leases.coordination.k8s.io/,
    )
  })
})

test('admission bypassed by subresource or old-object field: what an update adds is charged', async (t) => {
  await t.test('a resize', async () => {
    const server = await withQuota({ 'requests.cpu': '1' })
    const made = await server.create<Pod>(PODS, pod('p', { requests: { cpu: '500m' } }))
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1100m' } } }]
    assert.match(
      await server.refused(403, 'PUT', `${PODS}/p/resize`, { ...made, spec: { ...made.spec, containers } }),
      /exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1/,
    )
  })
  await t.test('a deadline, which is another scope', async () => {
    const server = await withQuota({ pods: '0' }, { scopes: ['Terminating'] })
    const made = await server.create<Pod>(PODS, pod('p'))
    assert.match(
      await server.refused(403, 'PUT', `${PODS}/p`, { ...made, spec: { ...made.spec, activeDeadlineSeconds: 5 } }),
      /exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0/,
    )
  })
  await t.test('what a status says is charged, though it no longer fits', async () => {
    const server = await withQuota({ 'requests.storage': '1Gi' })
    const claims = '/api/v1/namespaces/default/persistentvolumeclaims'
    const made = await server.create<PersistentVolumeClaim>(claims, {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    const status = { allocatedResources: { storage: '2Gi' } }
    await server.expect(200, 'PUT', `${claims}/c/status`, { ...made, status })
    assert.deepEqual(await usedOf(server), { 'requests.storage': '2Gi' })
  })
})

test('devices are counted by their class, of alternatives the most', async () => {
  const name = (of: string): string => `${of}.deviceclass.resource.k8s.io/devices`
  const server = await withQuota({ [name('gpu')]: '4', [name('net')]: '40' })
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  const claim = (of: string, requests: object[]): object => ({
    metadata: { name: of },
    spec: { devices: { requests } },
  })
  const exactly = (deviceClassName: string, count: number): object => ({
    deviceClassName,
    allocationMode: 'ExactCount',
    count,
  })
  const alternatives = [
    { name: 'x', ...exactly('gpu', 2) },
    { name: 'y', ...exactly('gpu', 1) },
    { name: 'z', deviceClassName: 'net', allocationMode: 'All' },
  ]
  await server.create(
    claims,
    claim('a', [
      { name: 'r', exactly: exactly('gpu', 1) },
      { name: 's', firstAvailable: alternatives },
    ]),
  )
  assert.deepEqual(await usedOf(server), { [name('gpu')]: '3', [name('net')]: '32' })
  assert.match(
    await server.refused(403, 'POST', claims, claim('b', [{ name: 'r', exactly: exactly('gpu', 2) }])),
    /exceeded quota: q, requested: gpu.deviceclass.resource.k8s.io\/devices=2, used: .*=3, limited: .*=4/,
  )
})
