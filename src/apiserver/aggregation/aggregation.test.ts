import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { after, before, test } from 'node:test'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { CustomResources } from '../customresources/custom-resources.ts'
import type { Connector } from '../registry/connect/connector.ts'
import { networkConnector } from '../http/kubelet-connector.ts'
import { testCertificate } from '../http/test-certificate.ts'
import { parseRequestInfo } from '../request/info.ts'
import { TestServer } from '../test-server.ts'
import { Aggregation } from './aggregation.ts'
import { builtInApiServices } from './registration.ts'

interface Seen {
  readonly url: string
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly certificate: boolean
  readonly body: string
}

interface ApiService extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[]
  }
}

const ROOT = '/apis/wardle.example.com/v1alpha1'
const PATH = '/apis/apiregistration.k8s.io/v1/apiservices'
const NAME = 'v1alpha1.wardle.example.com'

/** Of the OpenAPI document. */
const TAG = '"1"'

let remote: Server
let server: TestServer
let aggregation: Aggregation
const seen: Seen[] = []

before(async () => {
  remote = createServer({ ...testCertificate, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      const { url = '', method = '', headers } = request
      const certificate = (request.socket as TLSSocket).getPeerX509Certificate() !== undefined
      seen.push({ url, method, headers, certificate, body })
      const [status, answer] = answerOf(url)
      const tagged = url === '/openapi/v2' && { etag: TAG }
      if (tagged && headers['if-none-match'] === TAG) response.writeHead(304, tagged).end()
      else response.writeHead(status, { 'content-type': 'application/json', ...tagged }).end(JSON.stringify(answer))
    })()
  })
  remote.listen(0, '127.0.0.1')
  await once(remote, 'listening')
  const network = networkConnector({ frontProxy: testCertificate })
  // Endpoints may not be in the loopback range.
  const connector: Connector = { request: (to, request) => network.request({ ...to, host: '127.0.0.1' }, request) }
  server = new TestServer({ connector, freeze: false })
  await server.create('/api/v1/namespaces', { metadata: { name: 'wardle' } })
  aggregation = new Aggregation(server.server)
  server.server.aggregate(aggregation)
  await aggregation.start()
})

after(async () => {
  await aggregation.stop()
  remote.closeAllConnections()
  remote.close()
})

/** What an API server of flunders answers. */
function answerOf(url: string): [number, unknown] {
  if (url.includes('/flunders'))
    return [200, { kind: 'Flunder', apiVersion: 'wardle.example.com/v1alpha1', metadata: { name: 'a' } }]
  switch (url.split('?')[0]) {
    case ROOT:
      return [200, { kind: 'APIResourceList', groupVersion: 'wardle.example.com/v1alpha1', resources: RESOURCES }]
    case '/openapi/v3':
      return [200, { paths: { [ROOT.slice(1)]: { serverRelativeURL: `/openapi/v3${ROOT}?hash=ABC` } } }]
    case '/openapi/v2':
      return [200, OPENAPI]
    default:
      return [404, { kind: 'Status' }]
  }
}

const RESOURCES = [
  { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] },
  { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
]

const OPENAPI = {
  paths: {
    [`${ROOT}/flunders`]: { get: { schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } } },
    '/apis/apps/v1/x': {},
  },
  definitions: { 'io.k8s.api.core.v1.Pod': { description: 'no pod at all' }, unused: {} },
}

function apiService(spec: object = {}): object {
  const service = { namespace: 'wardle', name: 'api' }
  const base = { group: 'wardle.example.com', version: 'v1alpha1', groupPriorityMinimum: 2000, versionPriority: 15 }
  return { metadata: { name: NAME }, spec: { ...base, service, insecureSkipTLSVerify: true, ...spec } }
}

async function available(): Promise<{ status: string; reason: string; message: string } | undefined> {
  const { status } = await server.get<ApiService>(`${PATH}/${NAME}`)
  return status?.conditions?.find(({ type }) => type === 'Available')
}

async function untilReason(reason: string): Promise<string> {
  await server.eventually(async () => (await available())?.reason === reason)
  return (await available())?.message ?? ''
}

test('what keeps a server from being reached is said in its condition, step by step', async () => {
  await server.create(PATH, apiService())
  assert.equal(await untilReason('ServiceNotFound'), 'service/api in "wardle" is not present')
  const refused = await server.send('GET', `${ROOT}/flunders`)
  assert.deepEqual([refused.status, refused.body], [503, 'service unavailable\n'])
  const services = '/api/v1/namespaces/wardle/services'
  await server.create(services, { metadata: { name: 'api' }, spec: { ports: [{ name: 'https', port: 8443 }] } })
  assert.equal(await untilReason('ServicePortError'), 'service/api in "wardle" is not listening on port 443')
  await server.patch(200, 'merge', `${services}/api`, { spec: { ports: [{ name: 'https', port: 443 }] } })
  assert.equal(await untilReason('EndpointsNotFound'), 'cannot find endpointslices for service/api in "wardle"')
  const slices = '/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices'
  const slice = { addressType: 'IPv4', metadata: { name: 'api', labels: { 'kubernetes.io/service-name': 'api' } } }
  const { port } = remote.address() as AddressInfo
  await server.create(slices, { ...slice, endpoints: [], ports: [{ name: 'https', port }] })
  const missing = 'endpointslices for service/api in "wardle" have no addresses with port name "https"'
  assert.equal(await untilReason('MissingEndpoints'), missing)
  await server.patch(200, 'merge', `${slices}/api`, { endpoints: [{ addresses: ['192.0.2.1'] }] })
  assert.equal(await untilReason('Passed'), 'all checks passed')
})

test('a request is passed on as its user, and no user can be made up', async () => {
  await untilReason('Passed')
  const forged = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters', authorization: 'Bearer secret' }
  const answer = await server.send('POST', `${ROOT}/namespaces/a/flunders?dryRun=All`, { x: 1 }, forged)
  assert.equal((answer.body as KubeObject).kind, 'Flunder')
  const last = seen.find(({ url }) => url === `${ROOT}/namespaces/a/flunders?dryRun=All`)
  assert.deepEqual([last?.method, last?.body, last?.certificate], ['POST', '{"x":1}', true])
  assert.deepEqual([last?.headers['x-remote-user'], last?.headers['x-remote-group']], ['admin', 'system:masters'])
  assert.equal(last?.headers.authorization, undefined)
})

test('what it does is a part of a request that is traced', async () => {
  await untilReason('Passed')
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const path = `${ROOT}/namespaces/a/flunders/traced`
  const query = new URLSearchParams()
  await server.server.answer({
    method: 'GET',
    info: parseRequestInfo('GET', path, query),
    query,
    headers: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` },
    user: { name: 'admin', groups: ['system:masters'] },
    body: { kind: 'none' },
    signal: new AbortController().signal,
    warnings: [],
    annotations: new Map(),
    span: { traceparent, child: assert.fail, event: () => {}, set: () => {}, fail: () => {}, end: () => {} },
  })
  assert.equal(seen.find(({ url }) => url === path)?.headers['traceparent'], traceparent)
})

test('discovery and OpenAPI show what it serves', async () => {
  await untilReason('Passed')
  const { groups } = await server.get<{ groups: { name: string }[] }>('/apis')
  assert.equal(groups.at(-1)?.name, 'wardle.example.com')
  const group = await server.get<{ preferredVersion: object }>('/apis/wardle.example.com')
  assert.deepEqual(group.preferredVersion, { groupVersion: 'wardle.example.com/v1alpha1', version: 'v1alpha1' })
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const all = await server.send('GET', '/apis', undefined, { accept })
  const { items } = JSON.parse(String(all.body)) as { items: { metadata: { name: string }; versions: unknown[] }[] }
  const responseKind = { group: 'wardle.example.com', version: 'v1alpha1', kind: 'Flunder' }
  const flunders = {
    resource: 'flunders',
    responseKind,
    scope: 'Namespaced',
    singularResource: 'flunder',
    verbs: ['get', 'list'],
    subresources: [{ subresource: 'status', responseKind, verbs: ['get'] }],
  }
  const shown = { version: 'v1alpha1', resources: [flunders], freshness: 'Current' }
  assert.deepEqual(items.at(-1), { metadata: { name: 'wardle.example.com' }, versions: [shown] })
  const index = JSON.parse(String((await server.send('GET', '/openapi/v3')).body)) as { paths: Record<string, unknown> }
  assert.deepEqual(index.paths[ROOT.slice(1)], { serverRelativeURL: `/openapi/v3${ROOT}?hash=ABC` })
  const v2 = JSON.parse(String((await server.send('GET', '/openapi/v2')).body)) as {
    paths: Record<string, { get: { schema: { $ref: string } } }>
    definitions: Record<string, { description?: string }>
  }
  const renamed = v2.paths[`${ROOT}/flunders`]?.get.schema.$ref
  assert.equal(renamed, '#/definitions/io.k8s.api.core.v1.Pod_v2')
  assert.equal(v2.definitions['io.k8s.api.core.v1.Pod_v2']?.description, 'no pod at all')
  assert.equal(v2.definitions.unused, undefined)
})

test('a certificate that is for another name is not believed', async () => {
  const path = `${PATH}/${NAME}`
  await server.patch(200, 'merge', path, {
    spec: { insecureSkipTLSVerify: null, caBundle: btoa(testCertificate.cert) },
  })
  const message = await untilReason('FailedDiscoveryCheck')
  assert.match(
    message,
    /^failing or missing response from https:\S+: Get "https:\S+": tls: failed to verify certificate: x509: certificate is valid for localhost, not api\.wardle\.svc$/,
  )
  await server.patch(200, 'merge', path, { spec: { insecureSkipTLSVerify: true, caBundle: null } })
  await untilReason('Passed')
})

test('an OpenAPI document that is known is not read again', async () => {
  await server.eventually(() =>
    Promise.resolve(seen.some(({ url, headers }) => url === '/openapi/v2' && headers['if-none-match'] === TAG)),
  )
  await untilReason('Passed')
  const { body } = await server.send('GET', '/openapi/v2')
  assert.match(String(body), /no pod at all/)
})

test('what it is no longer asked for, it is not asked for', async () => {
  await server.expect(200, 'DELETE', `${PATH}/${NAME}`)
  await server.expect(404, 'GET', '/apis/wardle.example.com')
  assert.equal((await server.send('GET', `${ROOT}/flunders`)).status, 404)
})

test('what this server answers itself is registered, with its place', async () => {
  const built = builtInApiServices(server.server) as {
    metadata: { name: string }
    spec: { groupPriorityMinimum: number; versionPriority: number }
  }[]
  const placeOf = (name: string): unknown => {
    const { groupPriorityMinimum, versionPriority } = built.find(({ metadata }) => metadata.name === name)?.spec ?? {}
    return [groupPriorityMinimum, versionPriority]
  }
  assert.deepEqual(placeOf('v1.'), [18_000, 1])
  assert.deepEqual(placeOf('v1.apps'), [17_800, 15])
  assert.deepEqual(placeOf('v2.autoscaling'), [17_500, 30])
  assert.equal(
    built.some(({ metadata }) => metadata.name === 'v1.apiregistration.k8s.io'),
    false,
  )
})

test('custom resources are registered while they are served', async () => {
  const custom = new CustomResources(server.server)
  await custom.start()
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }
  const spec = {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat' },
    versions: [version],
  }
  await server.create(crds, { metadata: { name: 'boats.example.com' }, spec })
  const there = async (): Promise<boolean> => (await server.send('GET', `${PATH}/v1.example.com`)).status === 200
  await server.eventually(there)
  const made = await server.get<ApiService>(`${PATH}/v1.example.com`)
  assert.deepEqual(made.metadata.labels, { 'kube-aggregator.kubernetes.io/automanaged': 'true' })
  assert.equal(made.status?.conditions?.[0]?.reason, 'Local')
  await server.expect(200, 'DELETE', `${crds}/boats.example.com`)
  await server.eventually(async () => !(await there()))
  await custom.stop()
})
