import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Status } from '../../apimachinery/status.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { TestServer } from '../test-server.ts'

const MAP = '/api/v1/namespaces/default/configmaps/a'
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/web'
type ConfigMap = KubeObject & { data?: Record<string, string> }

const map = (data: Record<string, string>): unknown => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  data,
})

async function apply<T = ConfigMap>(
  server: TestServer,
  status: number,
  manager: string,
  path: string,
  body: unknown,
): Promise<T> {
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const response = await server.send('PATCH', `${path}?fieldManager=${manager}`, body, headers)
  assert.equal(response.status, status, JSON.stringify(response.body))
  return response.body as T
}

const managers = ({ metadata }: KubeObject): string[] =>
  (metadata.managedFields ?? []).map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(' '),
  )

test('apply creates, owns, and removes what it no longer says', async () => {
  const server = new TestServer()
  const created = await apply(server, 201, 'me', MAP, map({ x: '1', y: '2' }))
  assert.deepEqual(managers(created), ['me Apply'])
  const changed = await apply(server, 200, 'me', MAP, map({ x: '1' }))
  assert.deepEqual(changed.data, { x: '1' })
})

test('what another manager owns is a conflict, unless forced', async () => {
  const server = new TestServer()
  await apply(server, 201, 'me', MAP, map({ x: '1' }))
  const conflict = await apply<Status>(server, 409, 'you', MAP, map({ x: '2' }))
  assert.match(conflict.message ?? '', /^Apply failed with 1 conflict: conflict with "me": \.data\.x$/)
  const forced = await apply(server, 200, 'you&force=true', MAP, map({ x: '2' }))
  assert.deepEqual(forced.data, { x: '2' })
  assert.deepEqual(managers(forced), ['you Apply'])
})

test('applying the same again writes nothing, however late', async () => {
  const clock = new VirtualClock()
  const server = new TestServer({ env: { clock, random: seededRandom(1), log: silentLogger } })
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  }
  const first = await apply<KubeObject>(server, 201, 'me', DEPLOYMENT, deployment)
  await clock.advance(60_000)
  const again = await apply<KubeObject>(server, 200, 'me', DEPLOYMENT, deployment)
  assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion)
})

test('other writes are tracked by their User-Agent or fieldManager, and by subresource', async () => {
  const server = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const headers = { 'user-agent': 'kubectl/v1.36.0 (linux/amd64)' }
  const created = (await server.send('POST', pods, pod, headers)).body as KubeObject
  assert.deepEqual(managers(created), ['kubectl Update'])
  const status = { ...created, status: { phase: 'Running' } }
  const updated = (await server.send('PUT', `${pods}/a/status?fieldManager=kubelet`, status)).body as KubeObject
  assert.deepEqual(managers(updated), ['kubectl Update', 'kubelet Update status'])
})

test('a write to the status leaves alone, and owns nothing, of metadata that its kind keeps from it', async () => {
  const server = new TestServer()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { a: '1' } },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  }
  await apply(server, 201, 'me', DEPLOYMENT, deployment)
  const metadata = { labels: { a: '2', b: '2' }, annotations: { c: '3' } }
  const merge = { 'content-type': 'application/merge-patch+json' }
  const sent = await server.send('PATCH', `${DEPLOYMENT}/status?fieldManager=it`, { metadata }, merge)
  const patched = sent.body as KubeObject
  assert.deepEqual([patched.metadata.labels, patched.metadata.annotations], [{ a: '1' }, { c: '3' }])
  assert.deepEqual(patched.metadata.managedFields?.find(({ manager }) => manager === 'it')?.fieldsV1, {
    'f:metadata': { 'f:annotations': { '.': {}, 'f:c': {} } },
  })
  const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }
  const none = `${DEPLOYMENT}-none/status`
  await apply<Status>(server, 404, 'me', none, { ...status, metadata: {}, status: { replicas: 1 } })
  const wrong = await apply<Status>(server, 500, 'me', none, { ...status, metadata: {}, status: { wrong: 1 } })
  assert.match(wrong.message ?? '', /\.status\.wrong: field not declared in schema/)
})

test('an apply needs a manager, and says of what', async () => {
  const server = new TestServer()
  const nobody = await apply<Status>(server, 422, '', MAP, map({}))
  assert.equal(
    nobody.message,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  )
  const forced = await server.send('PATCH', `${MAP}?force=true`, {}, { 'content-type': 'application/merge-patch+json' })
  assert.equal(forced.status, 422)
})

test('a scale can be applied, and then owns the replicas', async () => {
  const server = new TestServer()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template }
  await apply(server, 201, 'me', DEPLOYMENT, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec,
  })
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 3 } }
  const conflict = await apply<Status>(server, 409, 'you', `${DEPLOYMENT}/scale`, scale)
  assert.match(conflict.message ?? '', /conflict with "me": \.spec\.replicas/)
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const forced = await server.send('PATCH', `${DEPLOYMENT}/scale?fieldManager=you&force=true`, scale, headers)
  assert.equal(forced.status, 200)
  const scaled = await server.get<KubeObject & { spec: { replicas: number } }>(DEPLOYMENT)
  assert.equal(scaled.spec.replicas, 3)
  assert.deepEqual(managers(scaled), ['you Apply scale', 'me Apply'])
})

test('of two who apply an absent object at the same time, the second changes what the first created', async () => {
  const server = new TestServer()
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const answers = await Promise.all(
    ['x', 'y'].map((name) => server.send('PATCH', `${MAP}?fieldManager=${name}`, map({ [name]: '1' }), headers)),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 200],
  )
  assert.deepEqual((answers[1]?.body as ConfigMap | undefined)?.data, { x: '1', y: '1' })
})

test('a patch cannot make another kind of an object, and a strategic one has no say', async () => {
  const server = new TestServer()
  await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  const path = '/api/v1/namespaces/default/configmaps/a'
  for (const change of [{ kind: 'Secret' }, { kind: 'Nope' }, { apiVersion: 'v9' }]) {
    await server.patch(422, 'merge', path, change)
    const kept = await server.patch<KubeObject & { kind: string; apiVersion: string }>(200, 'strategic', path, change)
    assert.deepEqual([kept.kind, kept.apiVersion], ['ConfigMap', 'v1'])
  }
  const same = await server.patch<KubeObject & { kind: string }>(200, 'json', path, [{ op: 'remove', path: '/kind' }])
  assert.equal(same.kind, 'ConfigMap')
  assert.deepEqual((await server.get<KubeObject & { kind: string }>(path)).kind, 'ConfigMap')
})

test('empty managedFields start over', async () => {
  const server = new TestServer()
  const path = '/api/v1/namespaces/default/configmaps/a'
  await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' }, data: { b: 'c' } })
  assert.equal((await server.get(path)).metadata.managedFields?.length, 1)
  const reset = await server.patch(200, 'merge', path, { metadata: { managedFields: [] } })
  assert.equal(reset.metadata.managedFields, undefined)
})
