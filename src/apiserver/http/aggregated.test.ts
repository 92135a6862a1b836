import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpsRequest, type Server } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { Aggregation } from '../aggregation/aggregation.ts'
import type { Connector } from '../registry/connect/connector.ts'
import { TestServer } from '../test-server.ts'
import { networkConnector } from './kubelet-connector.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

const ROOT = '/apis/wardle.example.com/v1alpha1'
const NAME = '/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com'

let remote: Server
let server: TestServer
let aggregation: Aggregation
let listener: HttpsListener

/** What the server behind, which has no discovery, writes instead of an answer, by the last part of the path. */
const RAW: Readonly<Record<string, string>> = {
  garbage: 'NOT HTTP AT ALL\r\n\r\n',
  word: 'NOTHTTP\r\n\r\n',
  version: 'NOT 200 OK\r\n\r\n',
  found: 'HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n',
  fine: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  no: 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nno',
  allowed: 'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nok',
}

function echoed({ url, headers }: IncomingMessage): string {
  return JSON.stringify({ url, headers })
}

function answer(request: IncomingMessage, socket: Duplex, echo: (text: string) => void): void {
  const what = request.url?.slice(ROOT.length + 1).split('?')[0] ?? ''
  if (what === 'echo') echo(echoed(request))
  else if (what === 'reset') socket.destroy()
  else if (RAW[what] !== undefined) socket.end(RAW[what])
  else echo('{}')
}

before(async () => {
  remote = createServer(testCertificate, (request, response) => {
    answer(request, request.socket, (text) => response.end(text))
  })
  remote.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy())
    answer(request, socket, (text) =>
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${text}`),
    )
  })
  remote.listen(0, '127.0.0.1')
  await once(remote, 'listening')
  const network = networkConnector({})
  // Endpoints may not be in the loopback range.
  const { port } = remote.address() as AddressInfo
  const here: Connector = { request: (to, request) => network.request({ ...to, host: '127.0.0.1' }, request) }
  server = new TestServer({ connector: here, freeze: false })
  server.server.nodes.sessionUrl = (target) => Promise.resolve(`https://127.0.0.1:${port}${target.path}`)
  aggregation = new Aggregation(server.server)
  server.server.aggregate(aggregation)
  await aggregation.start()
  await server.create('/api/v1/namespaces', { metadata: { name: 'wardle' } })
  await server.create('/api/v1/namespaces/wardle/services', {
    metadata: { name: 'api' },
    spec: { ports: [{ name: 'https', port: 443 }] },
  })
  await server.create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', {
    addressType: 'IPv4',
    metadata: { name: 'api', labels: { 'kubernetes.io/service-name': 'api' } },
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ name: 'https', port }],
  })
  await server.create('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: 'v1alpha1.wardle.example.com' },
    spec: {
      group: 'wardle.example.com',
      version: 'v1alpha1',
      groupPriorityMinimum: 2000,
      versionPriority: 15,
      service: { namespace: 'wardle', name: 'api' },
      insecureSkipTLSVerify: true,
    },
  })
  const isAvailable = async (): Promise<boolean> => {
    const { status } = await server.get<{ status?: { conditions?: { status: string }[] } }>(NAME)
    return status?.conditions?.[0]?.status === 'True'
  }
  await server.eventually(isAvailable)
  listener = await serveHttps(server.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
})

after(async () => {
  await listener.close()
  await aggregation.stop()
  remote.closeAllConnections()
  remote.close()
})

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

function ask(path: string, options: { headers?: Record<string, string>; method?: string; body?: string } = {}) {
  const { body, ...rest } = options
  return new Promise<Got>((resolve, reject) => {
    const at = { host: '127.0.0.1', port: listener.port, path: `${ROOT}/${path}`, rejectUnauthorized: false }
    const request = httpsRequest({ ...at, agent: false, ...rest })
    const read = async (response: IncomingMessage, from: Duplex | IncomingMessage): Promise<void> => {
      const chunks = (await from.toArray()) as Uint8Array[]
      const { statusCode: status, headers } = response
      resolve({ status, headers, text: Buffer.concat(chunks).toString() })
    }
    request.on('response', (response) => void read(response, response).catch(reject))
    request.on('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      void read(response, socket).catch(reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

const UPGRADE = { connection: 'Upgrade', upgrade: 'x' }
const BROKEN = 'net/http: HTTP/1.x transport connection broken: '

// As kube-apiserver v1.36 answers before the same server.
for (const [what, words] of [
  ['reset', 'EOF'],
  ['garbage', `${BROKEN}malformed HTTP status code "HTTP"`],
  ['word', `${BROKEN}malformed HTTP response "NOTHTTP"`],
  ['version', `${BROKEN}malformed HTTP version "NOT"`],
] as const) {
  test(`an aggregated server that does not answer, ${what}, is said to be out of reach`, async () => {
    const { status, text, headers } = await ask(what)
    assert.deepEqual([status, text], [503, `error trying to reach service: ${words}\n`])
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  })
}

for (const [what, words] of [
  ['reset', 'unexpected EOF'],
  ['garbage', 'malformed HTTP status code "HTTP"'],
  ['found', 'invalid upgrade response: status code 302'],
  ['fine', 'invalid upgrade response: status code 200'],
] as const) {
  test(`an upgrade that an aggregated server does not make, ${what}, fails with a text`, async () => {
    const { status, text, headers } = await ask(what, { headers: UPGRADE })
    assert.deepEqual([status, text], [503, `${words}\n`])
    assert.match(headers['content-type'] ?? '', /^text\/plain/)
  })
}

test('an aggregated server that does not say what it serves is there all the same', async () => {
  const { status } = await server.get<{ status: { conditions: { status: string; reason: string }[] } }>(NAME)
  assert.deepEqual([status.conditions[0]?.status, status.conditions[0]?.reason], ['True', 'Passed'])
})

test('an upgrade that an aggregated server refuses is refused in its words', async () => {
  const { status, text, headers } = await ask('no', { headers: UPGRADE })
  assert.deepEqual([status, text, headers['x-own']], [403, 'no', '1'])
})

test('a redirect is not passed on', async () => {
  const { status, text } = await ask('found')
  const words = 'the backend attempted to redirect this request, which is not permitted'
  assert.deepEqual([status, text], [502, words])
})

test('what pages may read is not for an aggregated server to say', async () => {
  const { headers } = await ask('allowed')
  assert.deepEqual([headers['access-control-allow-origin'], headers['x-own']], [undefined, '1'])
})

interface Echo {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

test('an aggregated server is told where a request came from, and what it is called', async () => {
  const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-host': 'me', 'audit-id': 'mine' }
  const { text } = await ask('echo?b=1&a=2', { headers, method: 'POST', body: 'hi' })
  const { url, headers: seen } = JSON.parse(text) as Echo
  assert.equal(url, `${ROOT}/echo?a=2&b=1`)
  assert.equal(seen['x-forwarded-for'], '192.0.2.7, 127.0.0.1')
  assert.equal(seen['x-forwarded-uri'], `${ROOT}/echo`)
  assert.match(seen['x-forwarded-host'] ?? '', /^192\.0\.2\.1:\d+$/)
  assert.equal(seen['x-forwarded-proto'], 'https')
  assert.deepEqual([seen['audit-id'], seen['content-length'], seen['transfer-encoding']], ['mine', '2', undefined])
})

test('and so it is of an upgrade', async () => {
  const { text } = await ask('echo?b=1&a=2', { headers: { ...UPGRADE, 'x-forwarded-for': '192.0.2.7' } })
  const { url, headers } = JSON.parse(text) as Echo
  assert.equal(url, `${ROOT}/echo?a=2&b=1`)
  assert.equal(headers['x-forwarded-for'], '192.0.2.7, 127.0.0.1')
  assert.match(headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/)
})
