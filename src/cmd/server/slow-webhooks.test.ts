import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import type { AuditEvent } from '../../apiserver/audit/event.ts'
import type { WebhookRequest } from '../../apiserver/admission/webhooks/types.ts'
import { serveHttps, type HttpsListener } from '../../apiserver/http/serve.ts'
import { LEGACY_COMMON_NAME } from '../../apiserver/http/server-identity.ts'
import { testCertificate } from '../../apiserver/http/test-certificate.ts'
import type { SpanRecord } from '../../apiserver/tracing/span.ts'
import { Tracer } from '../../apiserver/tracing/tracer.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { encodeHex } from '../../lib/hex.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { startGuardedApi, type GuardedApi } from './guarded-api.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
/** What each webhook takes, in ms. */
const TAKES: Readonly<Record<string, number>> = { '/m1': 300, '/m2': 200, '/v1': 400 }

const clock = new VirtualClock()
const asked: WebhookRequest[] = []
const spans: SpanRecord[] = []
const events: AuditEvent[] = []
/** Whether the webhooks' certificates have but a Common Name. */
let isNameless = false
let api: GuardedApi
let tracer: Tracer
let listener: HttpsListener

/** Answers after what it takes. */
async function callWebhook(
  webhook: WebhookRequest,
): ReturnType<NonNullable<Parameters<typeof startGuardedApi>[0]['callWebhook']>> {
  asked.push(webhook)
  if (isNameless) throw new Error(LEGACY_COMMON_NAME)
  const ms = TAKES[new URL(webhook.url).pathname]
  if (ms !== undefined) await clock.advance(ms)
  const { request: question } = JSON.parse(new TextDecoder().decode(webhook.body)) as { request: { uid: string } }
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: question.uid, allowed: true },
  }
  return { status: 200, contentType: 'application/json', body: new TextEncoder().encode(JSON.stringify(review)) }
}

const hook = (name: string): object => ({
  name: `${name}.example.com`,
  clientConfig: { url: `https://hooks.example.com/${name}` },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
})

before(async () => {
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const exportSpans = (more: readonly SpanRecord[]): Promise<void> => Promise.resolve(void spans.push(...more))
  tracer = new Tracer({ env, samplingRatePerMillion: 0, exportSpans })
  api = await startGuardedApi({
    store: new MemoryStore({ clock }),
    env,
    rootCa: testCertificate.cert,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    staticTokens: new Map([['admintoken', { name: 'admin', groups: ['system:masters'] }]]),
    callWebhook,
    tracer,
    audit: {
      policy: { rules: [{ level: 'Metadata', resources: [{ resources: ['configmaps'] }] }] },
      backend: () => ({ process: (more) => events.push(...more) > 0, shutdown: async () => {} }),
    },
  })
  await api.bootstrap()
  listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  const metadata = { name: 'c' }
  const mutating = { metadata, webhooks: [hook('m1'), hook('m2')] }
  const validating = { metadata, webhooks: [hook('v1'), hook('v2')] }
  assert.equal(await send('POST', `${CONFIGURATIONS}/mutatingwebhookconfigurations`, mutating), 201)
  assert.equal(await send('POST', `${CONFIGURATIONS}/validatingwebhookconfigurations`, validating), 201)
})

after(async () => {
  await listener.close()
  await api.stop()
})

function send(method: string, path: string, body: object, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      port: listener.port,
      host: '127.0.0.1',
      method,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: { authorization: 'Bearer admintoken', 'content-type': 'application/json', ...headers },
    })
    outgoing.on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify(body))
  })
}

test('webhooks of a traced request are parts of it, and are told so', async () => {
  const traceparent = `00-${TRACE}-b7ad6b7169203331-01`
  assert.equal(await send('POST', MAPS, { metadata: { name: 'traced' } }, { traceparent }), 201)
  await tracer.close()
  const called = spans.filter(({ name }) => name.startsWith('Call '))
  assert.deepEqual(called.map(({ name, attributes }) => `${name} ${attributes['webhook']}`).toSorted(), [
    'Call mutating webhook m1.example.com',
    'Call mutating webhook m2.example.com',
    'Call validating webhook v1.example.com',
    'Call validating webhook v2.example.com',
  ])
  const { UID, ...attributes } = called[0]?.attributes ?? {}
  assert.match(String(UID), /^[0-9a-f-]{36}$/)
  assert.deepEqual(attributes, {
    configuration: 'c',
    webhook: 'm1.example.com',
    resource: '/v1, Resource=configmaps',
    subresource: '',
    operation: 'CREATE',
  })
  assert.deepEqual(
    called[0]?.events.map(({ name }) => name),
    ['Request completed'],
  )
  const parents = new Map(asked.map(({ url, traceparent: header }) => [new URL(url).pathname, header]))
  for (const {
    spanId,
    attributes: { webhook },
  } of called) {
    const path = `/${String(webhook).split('.')[0]}`
    assert.equal(parents.get(path), `00-${TRACE}-${encodeHex(spanId)}-01`)
  }
  assert.deepEqual(
    spans.filter(({ name }) => name === 'SerializeObject').map(({ attributes: { mediaType } }) => mediaType),
    ['application/json'],
  )
})

test('webhooks of other requests are told of no trace', async () => {
  asked.length = 0
  assert.equal(await send('POST', `${MAPS}?dryRun=All`, { metadata: { name: 'untraced' } }), 201)
  assert.deepEqual(
    asked.map(({ traceparent }) => traceparent),
    [undefined, undefined, undefined, undefined],
  )
})

test('the log says of a slow request what took its time', async () => {
  events.length = 0
  assert.equal(await send('POST', MAPS, { metadata: { name: 'slow' } }), 201)
  const { annotations = {} } =
    events.find(({ at }) => at.objectRef?.name === 'slow' && at.stage === 'ResponseComplete')?.at ?? {}
  const taken = (layer: string): string | undefined => annotations[`apiserver.latency.k8s.io/${layer}`]
  assert.deepEqual(['mutating-webhook', 'validating-webhook', 'total'].map(taken), ['500ms', '400ms', '900ms'])
})

test('the time that webhooks take is no part of the service level', async () => {
  const text = await api.server.metrics.text()
  const bucket = (name: string): string | undefined =>
    text
      .split('\n')
      .find(
        (line) =>
          line.startsWith(`${name}_bucket{`) &&
          line.includes('resource="configmaps"') &&
          line.includes('verb="POST"') &&
          line.includes('le="0.05"'),
      )
      ?.split(' ')[1]
  assert.deepEqual(
    ['apiserver_request_duration_seconds', 'apiserver_request_sli_duration_seconds']
      .map(bucket)
      .map(Number)
      .map((count) => count > 0),
    [false, true],
  )
})

// Last: what is refused at once is quick.
test('the log tells of a webhook whose certificate has but a Common Name', async () => {
  isNameless = true
  assert.equal(await send('POST', MAPS, { metadata: { name: 'nameless' } }), 500)
  isNameless = false
  const { annotations = {} } = events.at(-1)?.at ?? {}
  assert.equal(
    annotations['missing-san.invalid-cert.kubernetes.io/hooks.example.com'],
    'relies on a legacy Common Name field instead of the SAN extension for subject validation',
  )
})
