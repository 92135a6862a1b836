import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { Status } from '../../../apimachinery/status.ts'
import { TestServer } from '../../test-server.ts'

const PODS = '/api/v1/namespaces/default/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const PDBS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'

const pod = (name: string): unknown => ({
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'busybox' }] },
})

const deployment = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
  },
}

test('status is written through /status alone, and nothing else is', async () => {
  const server = new TestServer()
  const created = await server.create<Pod & KubeObject>(PODS, pod('a'))
  const both = {
    ...created,
    spec: { ...created.spec, activeDeadlineSeconds: 9 },
    status: { ...created.status, phase: 'Running' },
  }
  const viaStatus = await server.expect<Pod>(200, 'PUT', `${PODS}/a/status`, both)
  assert.equal(viaStatus.status?.phase, 'Running')
  assert.equal(viaStatus.spec.activeDeadlineSeconds, undefined)
  const viaMain = await server.expect<Pod>(200, 'PUT', `${PODS}/a`, {
    ...viaStatus,
    spec: { ...viaStatus.spec, activeDeadlineSeconds: 9 },
    status: { phase: 'Failed' },
  })
  assert.equal(viaMain.status?.phase, 'Running')
  assert.equal(viaMain.spec.activeDeadlineSeconds, 9)
})

test('scale reads and writes the replicas of its object', async () => {
  const server = new TestServer()
  await server.create(DEPLOYMENTS, deployment)
  const scale = await server.get<{ spec: object; status: object }>(`${DEPLOYMENTS}/web/scale`)
  assert.deepEqual(scale.spec, { replicas: 2 })
  assert.deepEqual(scale.status, { replicas: 0, selector: 'app=web' })
  const scaled = await server.expect<{ spec: object }>(200, 'PUT', `${DEPLOYMENTS}/web/scale`, {
    ...scale,
    spec: { replicas: 5 },
  })
  assert.deepEqual(scaled.spec, { replicas: 5 })
  const object = await server.get<{ spec: { replicas: number }; metadata: { generation: number } }>(
    `${DEPLOYMENTS}/web`,
  )
  assert.equal(object.spec.replicas, 5)
  assert.equal(object.metadata.generation, 2)
  const stale = await server.expect<Status>(409, 'PUT', `${DEPLOYMENTS}/web/scale`, scale)
  assert.match(
    stale.message ?? '',
    /^Operation cannot be fulfilled on deployments.apps "web": the object has been modified/,
  )
  const negative = await server.expect<Status>(422, 'PUT', `${DEPLOYMENTS}/web/scale`, {
    metadata: { name: 'web' },
    spec: { replicas: -1 },
  })
  assert.equal(
    negative.message,
    'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  )
})

test('a binding assigns a pod once', async () => {
  const server = new TestServer()
  await server.create(PODS, pod('a'))
  const binding = { metadata: { name: 'a', annotations: { by: 'test' } }, target: { kind: 'Node', name: 'n1' } }
  await server.create(`${PODS}/a/binding`, binding)
  const bound = await server.get<Pod>(`${PODS}/a`)
  assert.equal(bound.spec.nodeName, 'n1')
  assert.equal(bound.metadata.annotations?.['by'], 'test')
  assert.equal(bound.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.status, 'True')
  const again = await server.expect<Status>(409, 'POST', `${PODS}/a/binding`, binding)
  assert.equal(
    again.message,
    'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
  )
})

test('an eviction takes from the budget until nothing is left', async () => {
  const server = new TestServer()
  for (const name of ['a', 'b']) {
    const created = await server.create<Pod & KubeObject>(PODS, pod(name))
    await server.expect(200, 'PUT', `${PODS}/${name}/status`, {
      ...created,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    })
  }
  const budget = await server.create(PDBS, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  })
  const evict = (name: string): unknown => ({ metadata: { name } })
  const early = await server.expect<Status>(429, 'POST', `${PODS}/a/eviction`, evict('a'))
  assert.equal(early.details?.causes?.[0]?.message, 'The disruption budget b is still being processed by the server.')
  await server.expect(200, 'PUT', `${PDBS}/b/status`, {
    ...budget,
    status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
  })
  await server.create(`${PODS}/a/eviction`, evict('a'))
  const denied = await server.expect<Status>(429, 'POST', `${PODS}/b/eviction`, evict('b'))
  assert.equal(denied.message, "Cannot evict pod as it would violate the pod's disruption budget.")
})

test('a namespace ends when its finalizer is taken out', async () => {
  const server = new TestServer()
  await server.create('/api/v1/namespaces', { metadata: { name: 'n' } })
  const ending = await server.expect<KubeObject & { status: object }>(200, 'DELETE', '/api/v1/namespaces/n')
  assert.deepEqual(ending.status, { phase: 'Terminating' })
  await server.expect(200, 'PUT', '/api/v1/namespaces/n/finalize', { ...ending, spec: { finalizers: [] } })
  await server.expect(404, 'GET', '/api/v1/namespaces/n')
})
