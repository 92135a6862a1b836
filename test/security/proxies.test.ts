import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Backend, ADDRESS, NO_ADDRESS } from './backend.ts'
import { makeAccount, makeNode, makePod, PODS } from './objects.ts'
import { SecureServer } from './server.ts'

let server: SecureServer
let backend: Backend

const WARDLE = '/apis/wardle.example.com/v1alpha1'
const SERVICES = '/api/v1/namespaces/default/services'
/** Every way through the API server to somebody else, to whom connections are upgraded. */
const WAYS = {
  'pods/proxy': () => `${PODS}/https:web:${backend.port}/proxy/x`,
  'services/proxy': () => `${SERVICES}/https:web:https/proxy/x`,
  'nodes/proxy': () => '/api/v1/nodes/node/proxy/x',
  'nodes/proxy to another port': () => `/api/v1/nodes/https:far:${backend.port}/proxy/x`,
  'pods/exec': () => `${PODS}/web/exec?container=main&command=id&stdout=true`,
  'pods/attach': () => `${PODS}/web/attach?container=main&stdout=true`,
  'pods/portforward': () => `${PODS}/web/portforward?ports=80`,
  'an aggregated API': () => `${WARDLE}/flunders`,
}

before(async () => {
  server = await SecureServer.start()
  backend = await Backend.start()
  const { port } = backend
  await makeAccount(server)
  await makeNode(server, 'node', ADDRESS, port)
  await makeNode(server, 'far', ADDRESS, 10250)
  await makePod(server, 'web', ADDRESS)
  const ports = [{ name: 'https', port: 443, targetPort: port }]
  await server.create(SERVICES, { metadata: { name: 'web' }, spec: { ports } })
  const subset = {
    addresses: [{ ip: ADDRESS, targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } }],
    ports: [{ name: 'https', port }],
  }
  await server.create('/api/v1/namespaces/default/endpoints', { metadata: { name: 'web' }, subsets: [subset] })
  await server.create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'web', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ADDRESS] }],
    ports: [{ name: 'https', port }],
  })
  backend.answer = (request, response) => {
    const list = {
      kind: 'APIResourceList',
      groupVersion: 'wardle.example.com/v1alpha1',
      resources: [{ name: 'flunders', namespaced: true, kind: 'Flunder', verbs: ['get'] }],
    }
    if (request.url === WARDLE) response.setHeader('content-type', 'application/json').end(JSON.stringify(list))
    else response.writeHead(404).end()
  }
  const service = { namespace: 'default', name: 'web' }
  await server.create('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: 'v1alpha1.wardle.example.com' },
    spec: {
      group: 'wardle.example.com',
      version: 'v1alpha1',
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      insecureSkipTLSVerify: true,
      service,
    },
  })
  await server.api.server.registry.store.latest()
  while ((await server.send(`${WARDLE}/flunders`)).status === 503) await new Promise((resolve) => setImmediate(resolve))
})

beforeEach(() => {
  const fresh: Partial<Backend> = { answer: (_request, response) => void response.end('answered') }
  Object.assign(backend, fresh)
  backend.seen()
})

after(async () => {
  await backend[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const head = (path: string, lines: readonly string[] = []): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', 'Authorization: Bearer admin-token', ...lines, '', ''].join('\r\n')
const UPGRADE = ['Connection: Upgrade', 'Upgrade: SPDY/3.1']
const REDIRECT = { location: 'https://elsewhere.example/x' }

describe('a failed upgrade leaves no connection behind (CVE-2018-1002105)', { skip: NO_ADDRESS }, () => {
  for (const [name, path] of Object.entries(WAYS)) {
    test(name, async () => {
      const connection = await server.raw()
      const second = head('/exec/any/other/container?command=id')
      connection.send(head(path(), UPGRADE) + second)
      const answers = await connection.until(/no way/)
      connection.send(second)
      assert.match(answers, /^HTTP\/1\.1 403 /)
      const all = await connection.closed()
      assert.equal(all.match(/HTTP\/1\.1 /g)?.length, 1, all)
      assert.match(all, /^connection: close\r$/im)
      assert.deepEqual(
        backend
          .seen()
          .map(({ method }) => method)
          .filter((method) => method === 'SMUGGLED'),
        [],
      )
    })
  }
})

describe('an upgrade that is answered with a redirect is refused (CVE-2020-8559)', { skip: NO_ADDRESS }, () => {
  for (const [name, path] of Object.entries(WAYS)) {
    test(name, async () => {
      backend.upgrade = (socket) =>
        void socket.end(`HTTP/1.1 302 Found\r\nLocation: ${REDIRECT.location}\r\nContent-Length: 0\r\n\r\n`)
      const answer = await (await server.raw()).send(head(path(), UPGRADE)).closed()
      assert.match(answer, /^HTTP\/1\.1 50[03] /)
      assert.match(answer, /invalid upgrade response: status code 302/)
      assert.doesNotMatch(answer, /elsewhere/)
      assert.equal(backend.seen().length, 1)
    })
  }
})

describe('redirects of backends are not followed', { skip: NO_ADDRESS }, () => {
  const moved = (): void => {
    backend.answer = (_request, response) => void response.writeHead(302, REDIRECT).end('moved')
  }

  test('a kubelet that redirects a log is refused (CVE-2020-8559)', async () => {
    moved()
    const message = await server.refused(500, `${PODS}/web/log?container=main`)
    assert.equal(message, `Internal error occurred: Get "${REDIRECT.location}": redirects forbidden`)
    assert.equal(backend.seen().length, 1)
  })

  test('an aggregated API may redirect nobody (CVE-2022-3172)', async () => {
    moved()
    const { headers, text } = await server.expect(502, `${WARDLE}/flunders`)
    assert.equal(text, 'the backend attempted to redirect this request, which is not permitted')
    assert.equal(headers.location, undefined)
  })

  test('what is proxied redirects the client, and nobody goes there in its place', async () => {
    moved()
    for (const way of ['pods/proxy', 'services/proxy', 'nodes/proxy'] as const) {
      const { headers } = await server.expect(302, WAYS[way]())
      assert.equal(headers.location, REDIRECT.location)
      assert.equal(backend.seen().length, 1, way)
    }
  })
})

describe('what a client says of itself goes no further', { skip: NO_ADDRESS }, () => {
  const told = {
    'x-remote-user': 'root',
    'x-remote-group': 'system:masters',
    'x-remote-extra-scopes': 'all',
    'impersonate-uid': '',
    'x-mine': 'stays',
    'x-hop': 'goes',
    connection: 'close, X-Hop, X-Remote-User',
  }

  /** What came of the client's request: the aggregated API is asked now and then on the server's own account, too. */
  const ofClient = () => backend.seen().find(({ headers }) => 'x-mine' in headers)?.headers ?? {}

  for (const [name, path] of Object.entries(WAYS).filter(([way]) => !/exec|attach|portforward/.test(way))) {
    test(`${name}: the token and who it says it is`, async () => {
      await server.expect(200, path(), { headers: told })
      const headers = ofClient()
      const names = Object.keys(headers).filter((header) =>
        /authorization|impersonate|x-remote|x-hop|x-mine/.test(header),
      )
      const proxied = ['x-remote-group', 'x-remote-uid', 'x-remote-user']
      assert.deepEqual(names.sort(), name.startsWith('an aggregated') ? ['x-mine', ...proxied].sort() : ['x-mine'])
      assert.equal(headers['x-remote-user'], name.startsWith('an aggregated') ? 'admin' : undefined)
      assert.doesNotMatch(String(headers['x-remote-extra-scopes']), /all/)
    })

    test(`${name}: the same when the connection is upgraded`, async () => {
      const lines = ['X-Remote-User: root', 'X-Remote-Extra-Scopes: all', 'Impersonate-Uid:', 'X-Mine: stays']
      await (await server.raw()).send(head(path(), [...UPGRADE, ...lines])).closed()
      const headers = ofClient()
      assert.equal(headers['x-mine'], 'stays')
      assert.equal(headers.authorization, undefined)
      assert.equal(headers['impersonate-uid'], undefined)
      assert.equal(headers['x-remote-extra-scopes'], undefined)
      assert.equal(headers['x-remote-user'], name.startsWith('an aggregated') ? 'admin' : undefined)
    })
  }
})
