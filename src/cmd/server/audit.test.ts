import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { networkConnector } from '../../apiserver/http/kubelet-connector.ts'
import { serveHttps } from '../../apiserver/http/serve.ts'
import { testCertificate } from '../../apiserver/http/test-certificate.ts'
import { ApiFlagValues } from '../../cli/api-flags/values.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { auditConfig } from './api-config/audit.ts'
import { auditOf } from './audit.ts'
import { startGuardedApi, type GuardedApi } from './guarded-api.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-audit-server-'))
after(() => rmSync(folder, { recursive: true }))

const POLICY = file(
  'policy.yaml',
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata, users: [admin]}]\n',
)
/** As above, but told of when they come in, too. */
const STRICT = file(
  'strict.yaml',
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, users: [admin]}]\n',
)
const NAMESPACES = '/api/v1/namespaces?a=b'
const UNTOLD = 'Internal Server Error: "/api/v1/namespaces?a=b": failed to store audit event\n'

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** A server of the network, its audit set up by flags as a person sets them. */
class Server {
  readonly api: GuardedApi
  readonly #port: number
  readonly #close: () => Promise<void>
  #stopped: Promise<void> | undefined

  private constructor(api: GuardedApi, port: number, close: () => Promise<void>) {
    this.api = api
    this.#port = port
    this.#close = close
  }

  static async start(context: TestContext, flags: Readonly<Record<string, string>>): Promise<Server> {
    const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
    const values = Object.entries(flags).map(([name, value]) => [name, [value]] as const)
    const api = await startGuardedApi({
      store: new MemoryStore({ clock: systemClock }),
      env,
      rootCa: testCertificate.cert,
      serviceCidr: '10.96.0.0/16',
      clusterDomain: 'cluster.local',
      connector: networkConnector({}),
      staticTokens: new Map([['admintoken', { name: 'admin', groups: ['system:masters'] }]]),
      audit: auditOf(auditConfig(new ApiFlagValues(Object.fromEntries(values))), env),
    })
    await api.bootstrap()
    const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
    const server = new Server(api, listener.port, () => listener.close())
    context.after(() => server.stop())
    return server
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        port: this.#port,
        host: '127.0.0.1',
        method,
        path,
        rejectUnauthorized: false,
        agent: false,
        headers: { authorization: 'Bearer admintoken', 'content-type': 'application/json', ...headers },
      })
      outgoing.on('response', (response) => {
        const status = response.statusCode ?? 0
        response.toArray().then((chunks) => resolve({ status, body: Buffer.concat(chunks).toString() }), reject)
      })
      outgoing.on('upgrade', (response, socket) => {
        socket.end()
        socket.once('close', () => resolve({ status: response.statusCode ?? 0, body: '' }))
      })
      outgoing.on('error', reject)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** As on SIGTERM. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#close().then(() => this.api.stop()))
  }

  /** A counter of the audit, by the end of its name. */
  async counted(name: string): Promise<number> {
    const lines = (await this.api.server.metrics.text()).split('\n')
    const found = lines.find((line) => line.startsWith(`apiserver_audit_${name} `))
    return Number(found?.split(' ')[1] ?? 0)
  }

  /** Events that the log lost, and requests that were refused for it. */
  async lost(): Promise<readonly number[]> {
    return [await this.counted('error_total{plugin="log"}'), await this.counted('requests_rejected_total')]
  }
}

interface Told {
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly responseStatus?: { readonly code: number }
}

const eventsIn = (log: string): Told[] =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)

// Linux has a disk that is always full.
const FULL = '/dev/full'

test('blocking-strict: what cannot be told is refused, in words of upstream, and nothing is done', async (context) => {
  const flags = { 'audit-policy-file': STRICT, 'audit-log-path': FULL, 'audit-log-mode': 'blocking-strict' }
  const server = await Server.start(context, flags)
  assert.deepEqual(await server.send('GET', NAMESPACES), { status: 500, body: UNTOLD })
  const made = await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'untold' } })
  assert.equal(made.status, 500)
  assert.equal(await server.api.server.registry.store.get('/registry/namespaces/untold'), undefined)
  assert.deepEqual(await server.lost(), [2, 2])
})

for (const mode of ['blocking', 'batch'])
  test(`${mode}: a disk that is full holds nobody up, and what is lost is counted`, async (context) => {
    const flags = { 'audit-policy-file': STRICT, 'audit-log-path': FULL, 'audit-log-mode': mode }
    const server = await Server.start(context, flags)
    for (let i = 0; i < 5; i++) assert.equal((await server.send('GET', NAMESPACES)).status, 200)
    await server.stop()
    assert.deepEqual(await server.lost(), [10, 0])
  })

const kubeconfig = (port: number): string =>
  file(
    `webhook-${port}.kubeconfig`,
    `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}/events"}}]
contexts: [{name: x, context: {cluster: c}}]
current-context: x
`,
  )

test('a webhook that is not there holds nobody up but in blocking-strict', async (context) => {
  for (const [mode, status] of [
    ['batch', 200],
    ['blocking', 200],
    ['blocking-strict', 500],
  ] as const) {
    const server = await Server.start(context, {
      'audit-policy-file': STRICT,
      'audit-webhook-config-file': kubeconfig(1),
      'audit-webhook-mode': mode,
      'audit-webhook-initial-backoff': '1ms',
    })
    assert.equal((await server.send('GET', NAMESPACES)).status, status, mode)
    await server.stop()
    assert.ok((await server.counted('error_total{plugin="webhook"}')) > 0, mode)
  }
})

test('what waits in a batch is sent when the server stops', async (context) => {
  const received: { readonly kind: string; readonly items: readonly Told[] }[] = []
  const receiver = createServer((incoming, response) => {
    incoming.toArray().then((chunks) => {
      received.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof received)[number])
      response.end()
    }, assert.fail)
  }).listen(0, '127.0.0.1')
  context.after(() => receiver.close())
  await once(receiver, 'listening')
  const log = join(folder, 'batched.log')
  const server = await Server.start(context, {
    'audit-policy-file': POLICY,
    'audit-webhook-config-file': kubeconfig((receiver.address() as AddressInfo).port),
    'audit-webhook-batch-max-wait': '1h',
    'audit-log-path': log,
    'audit-log-mode': 'batch',
    'audit-log-batch-max-size': '100',
    'audit-log-batch-max-wait': '1h',
  })
  for (let i = 0; i < 3; i++) await server.send('GET', `/api/v1/namespaces/none-${i}`)
  assert.deepEqual([received.length, readFileSync(log, 'utf8')], [0, ''])
  await server.stop()
  const wanted = [0, 1, 2].map((i) => `/api/v1/namespaces/none-${i}`)
  assert.deepEqual(
    received.flatMap(({ items }) => items.map(({ requestURI }) => requestURI)),
    wanted,
  )
  assert.deepEqual(
    eventsIn(log).map(({ requestURI }) => requestURI),
    wanted,
  )
})

test('an exec that is joined is told when its connection is handed over, and when it ends: 101', async (context) => {
  const kubelet = createTlsServer(testCertificate)
  kubelet.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
    socket.pipe(socket)
  })
  kubelet.listen(0, '127.0.0.1')
  await once(kubelet, 'listening')
  context.after(() => kubelet.close())
  const log = join(folder, 'exec.log')
  const server = await Server.start(context, { 'audit-policy-file': POLICY, 'audit-log-path': log })
  // As one of this process: over the network nobody is sent to loopback.
  server.api.server.nodes.add('n1', networkConnector({}))
  const { port } = kubelet.address() as AddressInfo
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  }
  const made = [
    await server.send('POST', '/api/v1/nodes', { metadata: { name: 'n1' }, status }),
    await server.send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } }),
    await server.send('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'a' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], automountServiceAccountToken: false },
    }),
  ]
  assert.deepEqual(
    made.map(({ status: code }) => code),
    [201, 201, 201],
    made.map(({ body }) => body).join(),
  )
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' }
  const path = '/api/v1/namespaces/default/pods/a/exec?command=ls&stdout=true'
  assert.equal((await server.send('POST', path, undefined, headers)).status, 101)
  await server.stop()
  const told = eventsIn(log).filter(({ requestURI }) => requestURI === path)
  assert.deepEqual(
    told.map(({ stage, responseStatus }) => [stage, responseStatus?.code]),
    [
      ['ResponseStarted', 101],
      ['ResponseComplete', 101],
    ],
  )
})
