import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap, Pod } from '../../../api/generated/types/core/v1.ts'
import { VirtualClock } from '../../../lib/clock.ts'
import { nextTurn } from '../../../lib/turn.ts'
import { CustomResources } from '../../customresources/custom-resources.ts'
import { Auditor } from '../../audit/auditor.ts'
import type { AuditEvent } from '../../audit/event.ts'
import { AuditMetrics } from '../../audit/metrics.ts'
import { PolicyEvaluator } from '../../audit/policy.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import type { CallWebhook, WebhookRequest } from './types.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1'

interface Question {
  readonly uid: string
  readonly kind: { readonly version: string; readonly kind: string }
  readonly resource: object
  readonly requestResource: object
  readonly operation: string
  readonly name?: string
  readonly subResource?: string
  readonly dryRun: boolean
  readonly options: { readonly kind?: string } | null
  readonly object: Record<string, unknown> | null
  readonly oldObject: { readonly data?: unknown } | null
}

type Answer = (question: Question, path: string) => object

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** A webhook server: what it was asked, and its answers by `respond`. */
class Hooked {
  readonly asked: { readonly path: string; readonly question: Question; readonly request: WebhookRequest }[] = []
  respond: Answer = () => ({ allowed: true })
  readonly call: CallWebhook = (request) => {
    const { apiVersion, request: question } = JSON.parse(decoder.decode(request.body)) as {
      apiVersion: string
      request: Question
    }
    const path = new URL(request.url).pathname
    this.asked.push({ path, question, request })
    const response = { uid: question.uid, ...this.respond(question, path) }
    const body = encoder.encode(JSON.stringify({ kind: 'AdmissionReview', apiVersion, response }))
    return Promise.resolve({ status: 200, contentType: 'application/json', body })
  }

  paths(): string[] {
    return this.asked.map(({ path, question }) => `${path} ${question.operation}`)
  }
}

const hook = (path: string, more: object = {}): object => ({
  name: `${path}.example.com`,
  clientConfig: { url: `https://hooks.example.com/${path}` },
  rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps', 'pods/exec'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})

const patch = (...operations: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: btoa(JSON.stringify(operations)),
})

const add = (key: string, value = 'yes'): object => ({ op: 'add', path: `/data/${key}`, value })
const map = (name: string, more: object = {}): object => ({ metadata: { name, ...more }, data: { given: 'yes' } })

async function started(
  hooks: { readonly mutating?: readonly object[]; readonly validating?: readonly object[] },
  server = new Hooked(),
): Promise<{ api: GuardedServer; server: Hooked }> {
  const api = await GuardedServer.start({ callWebhook: server.call })
  await configure(api, hooks)
  return { api, server }
}

async function configure(
  api: GuardedServer,
  { mutating, validating }: { readonly mutating?: readonly object[]; readonly validating?: readonly object[] },
): Promise<void> {
  const metadata = { name: 'c' }
  if (mutating) await api.create(`${CONFIGURATIONS}/mutatingwebhookconfigurations`, { metadata, webhooks: mutating })
  if (validating) {
    await api.create(`${CONFIGURATIONS}/validatingwebhookconfigurations`, { metadata, webhooks: validating })
  }
}

test('a validating webhook is asked about every write, and sees what was and what will be', async () => {
  const { api, server } = await started({ validating: [hook('v')] })
  await api.create(MAPS, map('m'))
  await api.expect(200, 'PUT', `${MAPS}/m`, { metadata: { name: 'm' }, data: { given: 'no' } })
  await api.expect(200, 'DELETE', `${MAPS}/m`)
  assert.deepEqual(server.paths(), ['/v CREATE', '/v UPDATE', '/v DELETE'])
  const [created, updated, deleted] = server.asked.map(({ question }) => question)
  assert.equal(created?.object?.['apiVersion'], 'v1')
  assert.deepEqual(created?.object?.['data'], { given: 'yes' })
  assert.equal(created?.oldObject, null)
  assert.deepEqual([created?.name, created?.dryRun, created?.options?.kind], ['m', false, 'CreateOptions'])
  assert.deepEqual(updated?.oldObject?.data, { given: 'yes' })
  assert.deepEqual([deleted?.object, deleted?.oldObject?.data], [null, { given: 'no' }])
  assert.equal(server.asked[0]?.request.url, 'https://hooks.example.com/v?timeout=10s')
})

for (const [level, patches] of [
  ['Metadata', []],
  [
    'Request',
    [
      '{"configuration":"c","webhook":"m.example.com","patch":[{"op":"add","path":"/data/x","value":"yes"}],"patchType":"JSONPatch"}',
    ],
  ],
] as const) {
  test(`what a webhook changed is in the audit log where objects are, not at the level ${level} alone`, async () => {
    const { api, server } = await started({ mutating: [hook('m')] })
    server.respond = () => patch(add('x'))
    const events: AuditEvent[] = []
    const sink = { process: (more: readonly AuditEvent[]) => (events.push(...more), true) }
    const metrics = new AuditMetrics(api.server.metrics, api.server.env)
    const policy = new PolicyEvaluator({ rules: [{ level }] })
    const audit = new Auditor({ policy, sink, clock: api.server.env.clock, metrics })
    Object.assign(api.server, { audit })
    await api.create(MAPS, map('m'))
    const told = events.find(({ at }) => at.stage === 'ResponseComplete')?.at.annotations ?? {}
    const mutation = told['mutation.webhook.admission.k8s.io/round_0_index_0']
    assert.equal(mutation, '{"configuration":"c","webhook":"m.example.com","mutated":true}')
    const found = told['patch.webhook.admission.k8s.io/round_0_index_0']
    assert.deepEqual(found === undefined ? [] : [found], patches)
  })
}

test('a refusal says which webhook refuses, and why', async () => {
  const { api, server } = await started({ validating: [hook('v')] })
  const by = 'admission webhook "v.example.com" denied the request'
  server.respond = () => ({ allowed: false, status: { message: 'not today', code: 403, reason: 'Forbidden' } })
  assert.equal(await api.refused(403, 'POST', MAPS, map('m')), `${by}: not today`)
  server.respond = () => ({ allowed: false, status: { reason: 'NotToday' } })
  assert.equal(await api.refused(400, 'POST', MAPS, map('m')), `${by}: NotToday`)
  server.respond = () => ({ allowed: false })
  assert.equal(await api.refused(400, 'POST', MAPS, map('m')), `${by} without explanation`)
})

test('patches of webhooks are applied in order; what the kind does not have is dropped', async () => {
  const { api, server } = await started({ mutating: [hook('a'), hook('b')] })
  server.respond = (question, path) => {
    if (path === '/a') return patch(add('a'), { op: 'add', path: '/unknown', value: 1 })
    const data = question.object?.['data'] as Record<string, string>
    return patch(add('b', Object.keys(data).join()))
  }
  const made = await api.create<ConfigMap>(MAPS, map('m'))
  assert.deepEqual(made.data, { a: 'yes', b: 'a,given', given: 'yes' })
  assert.equal('unknown' in made, false)
  assert.deepEqual(server.paths(), ['/a CREATE', '/b CREATE'])
})

test('a webhook that asks for it is asked again after a later one changed the object', async () => {
  const again = { reinvocationPolicy: 'IfNeeded' }
  const { api, server } = await started({ mutating: [hook('a', again), hook('b'), hook('c', again)] })
  server.respond = (_question, path) => (path === '/b' ? patch(add('b')) : { allowed: true })
  await api.create(MAPS, map('m'))
  assert.deepEqual(server.paths(), ['/a CREATE', '/b CREATE', '/c CREATE', '/a CREATE'])
})

test('a patch that does not apply, or of nothing, is an error of the server', async () => {
  const { api, server } = await started({ mutating: [hook('a')] })
  server.respond = () => patch({ op: 'remove', path: '/data/missing' })
  assert.match(await api.refused(500, 'POST', MAPS, map('m')), /^Internal error occurred: .*missing/)
  server.respond = () => ({ allowed: true })
  await api.create(MAPS, map('m'))
  server.respond = () => patch(add('a'))
  assert.equal(
    await api.refused(500, 'DELETE', `${MAPS}/m`),
    'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, which is not supported for this operation',
  )
})

test('a webhook that does not answer in time decides by its failure policy', async () => {
  for (const failurePolicy of ['Fail', 'Ignore']) {
    const clock = new VirtualClock()
    const asked = Promise.withResolvers<void>()
    const callWebhook: CallWebhook = () => {
      asked.resolve()
      return new Promise(() => {})
    }
    const api = await GuardedServer.start({ clock, callWebhook })
    await configure(api, { validating: [hook('slow', { failurePolicy, timeoutSeconds: 1 })] })
    const sent = api.send('POST', MAPS, map('m'))
    await asked.promise
    await clock.advance(1000)
    const { status, body } = await sent
    if (failurePolicy === 'Ignore') assert.equal(status, 201)
    else {
      assert.equal(
        (body as { message: string }).message,
        'Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://hooks.example.com/slow?timeout=1s": context deadline exceeded',
      )
    }
  }
})

test('an answer to another question is no answer', async () => {
  const { api, server } = await started({ validating: [hook('v')] })
  server.respond = () => ({ uid: 'other', allowed: true })
  assert.match(
    await api.refused(500, 'POST', MAPS, map('m')),
    /^Internal error occurred: failed calling webhook "v\.example\.com": received invalid webhook response: expected response\.uid="[-0-9a-f]+", got "other"$/,
  )
})

test('selectors of objects and namespaces spare what they do not select', async () => {
  const { api, server } = await started({
    validating: [
      hook('object', { objectSelector: { matchLabels: { look: 'yes' } } }),
      hook('namespace', { namespaceSelector: { matchLabels: { look: 'yes' } } }),
    ],
  })
  await api.create('/api/v1/namespaces', { metadata: { name: 'looked', labels: { look: 'yes' } } })
  await api.create(MAPS, map('plain'))
  assert.deepEqual(server.paths(), [])
  await api.create(MAPS, map('labelled', { labels: { look: 'yes' } }))
  assert.deepEqual(server.paths(), ['/object CREATE'])
  await api.create('/api/v1/namespaces/looked/configmaps', map('plain'))
  assert.deepEqual(server.paths(), ['/object CREATE', '/namespace CREATE'])
})

test('warnings reach the client, and a dry run reaches the webhook as such', async () => {
  const { api, server } = await started({ validating: [hook('v', { sideEffects: 'NoneOnDryRun' })] })
  server.respond = () => ({ allowed: true, warnings: ['think twice'] })
  const { status, headers } = await api.send('POST', `${MAPS}?dryRun=All`, map('m'))
  assert.equal(status, 201)
  assert.match(JSON.stringify(headers), /think twice/)
  assert.equal(server.asked[0]?.question.dryRun, true)
})

test('webhooks are never asked about webhook configurations', async () => {
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }]
  const { api, server } = await started({
    validating: [hook('v', { rules: everything })],
    mutating: [hook('m', { rules: everything })],
  })
  server.respond = () => ({ allowed: false })
  await api.expect(200, 'DELETE', `${CONFIGURATIONS}/mutatingwebhookconfigurations/c`)
  await api.expect(200, 'DELETE', `${CONFIGURATIONS}/validatingwebhookconfigurations/c`)
  assert.deepEqual(server.paths(), [])
})

test('a webhook for one version of a resource sees requests for another, converted', async () => {
  const rules = [{ operations: ['*'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['*'] }]
  const { api, server } = await started({
    validating: [hook('equivalent', { rules }), hook('exact', { rules, matchPolicy: 'Exact' })],
  })
  await api.create('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
  })
  assert.deepEqual(server.paths(), ['/equivalent CREATE'])
  const { question } = server.asked[0] ?? assert.fail()
  assert.equal(question.object?.['apiVersion'], 'autoscaling/v1')
  assert.deepEqual(question.requestResource, {
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
  })
  assert.equal(question.kind.version, 'v1')
})

test('connections are asked about, with their options', async () => {
  const { api, server } = await started({ validating: [hook('v')] })
  server.respond = () => ({ allowed: false, status: { message: 'no shells' } })
  assert.equal(
    await api.refused(400, 'POST', '/api/v1/namespaces/default/pods/p/exec?stdin=1&command=ls&command=-l&container=c'),
    'admission webhook "v.example.com" denied the request: no shells',
  )
  const { question } = server.asked[0] ?? assert.fail()
  assert.deepEqual(
    [question.operation, question.subResource, question.kind.kind],
    ['CONNECT', 'exec', 'PodExecOptions'],
  )
  const { stdin, command, container } = question.object ?? {}
  assert.deepEqual({ stdin, command, container }, { stdin: true, command: ['ls', '-l'], container: 'c' })
})

test('a webhook that is a Service is asked at one of its ready endpoints, by its name in the cluster', async () => {
  const service = { namespace: 'default', name: 's', path: '/check', port: 8443 }
  const { api, server } = await started({
    validating: [hook('v', { clientConfig: { service, caBundle: btoa('pem') } })],
  })
  const failed = 'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: '
  const post = 'Post "https://s.default.svc:8443/check?timeout=10s": '
  assert.equal(await api.refused(500, 'POST', MAPS, map('m')), `${failed}${post}service "s" not found`)
  await api.create('/api/v1/namespaces/default/services', {
    metadata: { name: 's' },
    spec: { ports: [{ name: 'https', port: 8443, targetPort: 9443 }] },
  })
  assert.equal(await api.refused(500, 'POST', MAPS, map('m')), `${failed}${post}no endpoints available for service "s"`)
  await api.create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 9443 }],
    endpoints: [
      { addresses: ['10.1.0.1'], conditions: { ready: false } },
      { addresses: ['10.1.0.2'], conditions: { ready: true } },
    ],
  })
  await api.create(MAPS, map('m'))
  const { url, dial, ca } = server.asked[0]?.request ?? assert.fail()
  assert.deepEqual(
    { url, dial, ca },
    { url: 'https://s.default.svc:8443/check?timeout=10s', dial: { host: '10.1.0.2', port: 9443 }, ca: 'pem' },
  )
})

test('what a webhook puts into a pod is defaulted, and seen by the plugins before it', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }]
  const { api, server } = await started({ mutating: [hook('pod', { rules })] })
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const init = { name: 'added', image: 'i' }
  server.respond = () => patch({ op: 'add', path: '/spec/initContainers', value: [init] })
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const made = await api.create<Pod>('/api/v1/namespaces/default/pods', pod)
  const added = made.spec.initContainers?.[0]
  assert.deepEqual([added?.name, added?.terminationMessagePolicy], ['added', 'File'])
  assert.deepEqual(added?.volumeMounts, made.spec.containers[0]?.volumeMounts)
  assert.equal(made.spec.volumes?.length, 1)
  assert.deepEqual(server.paths(), ['/pod CREATE'])
})

test('custom resources are patched too: in the version that the webhook wants, pruned by their schema', async (t) => {
  const { api, server } = await started({
    mutating: [
      hook('cr', {
        rules: [{ operations: ['*'], apiGroups: ['sea.example.com'], apiVersions: ['v2'], resources: ['boats'] }],
      }),
    ],
  })
  const custom = new CustomResources(api.server)
  await custom.start()
  t.after(() => custom.stop())
  await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', boats)
  const path = '/apis/sea.example.com/v1/namespaces/default/boats'
  await served(api, path)
  server.respond = () => patch(add('sail', 'main'), { op: 'add', path: '/data/unknown', value: 'x' })
  const made = await api.create<{ apiVersion: string; data: object }>(path, {
    apiVersion: 'sea.example.com/v1',
    kind: 'Boat',
    metadata: { name: 'b' },
    data: { oars: '2' },
  })
  assert.deepEqual([made.apiVersion, made.data], ['sea.example.com/v1', { oars: '2', sail: 'main' }])
  assert.equal(server.asked[0]?.question.object?.['apiVersion'], 'sea.example.com/v2')
  server.respond = () => ({ allowed: false })
  assert.match(await api.refused(400, 'DELETE', `${path}/b`), /without explanation$/)
})

const strings = { type: 'object', properties: { oars: { type: 'string' }, sail: { type: 'string' } } }
const version = (name: string, storage: boolean): object => ({
  name,
  storage,
  served: true,
  schema: { openAPIV3Schema: { type: 'object', properties: { data: strings } } },
})
const boats = {
  metadata: { name: 'boats.sea.example.com' },
  spec: {
    group: 'sea.example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat' },
    versions: [version('v1', true), version('v2', false)],
  },
}

async function served(api: GuardedServer, path: string): Promise<void> {
  while ((await api.send('GET', path)).status !== 200) await nextTurn()
}
