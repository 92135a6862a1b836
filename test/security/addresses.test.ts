import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { networkConnector } from '../../src/apiserver/http/kubelet-connector.ts'
import { isGlobalUnicast } from '../../src/apiserver/registry/connect/reachable.ts'
import { Backend } from './backend.ts'
import { makeAccount, makeNode, makePod, PODS } from './objects.ts'
import { SecureServer } from './server.ts'

/** Addresses that are the API server's own, or its link's: those of Go's IP that are not global unicast. */
const OWN = [
  '127.0.0.1',
  '127.1.2.3',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
]
const GLOBAL = [
  '10.0.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '240.0.0.1',
  '8.8.8.8',
  'fd00::1',
  '2001:db8::1',
  '::ffff:10.0.0.1',
]

let server: SecureServer
/** Listens where nobody is to be led. */
let backend: Backend

before(async () => {
  server = await SecureServer.start()
  backend = await Backend.start('127.0.0.1')
  await makeAccount(server)
})

after(async () => {
  assert.deepEqual(backend.seen(), [], 'nothing may reach it')
  await backend[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

test('an address is global or it is not, in whatever clothes', () => {
  for (const address of OWN) assert.equal(isGlobalUnicast(address), false, address)
  for (const address of GLOBAL) assert.equal(isGlobalUnicast(address), true, address)
  for (const text of ['', 'localhost', '127.1', '0x7f.0.0.1', '2130706433']) assert.equal(isGlobalUnicast(text), false)
})

const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket' }

describe('nodes/proxy leads to no such address', () => {
  for (const [index, address] of [
    '127.0.0.1',
    '169.254.169.254',
    '::1',
    'localhost',
    '127.1',
    '2130706433',
  ].entries()) {
    test(`${address}, by the node's own port and another`, async () => {
      const name = `n${index}`
      await makeNode(server, name, address, backend.port, isIP(address) ? 'InternalIP' : 'Hostname')
      for (const id of [name, `${name}:${backend.port}`, `https:${name}:${backend.port}`, `${name}:1`]) {
        for (const headers of [{}, UPGRADE]) {
          const message = await server.refused(400, `/api/v1/nodes/${id}/proxy/metrics`, { headers })
          assert.equal(message, 'address not allowed')
        }
      }
    })
  }

  test('an address that a node says it has now, and not before', async () => {
    await makeNode(server, 'changes', '192.0.2.9', backend.port)
    const node = await server.get('/api/v1/nodes/changes')
    const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] }
    await server.status('/api/v1/nodes/changes', node, status)
    assert.equal(await server.refused(400, `/api/v1/nodes/https:changes:${backend.port}/proxy/`), 'address not allowed')
  })

  test('a name is looked at when it is dialled, so that it cannot change in between', async () => {
    const target = {
      scheme: 'https',
      host: 'localhost',
      port: backend.port,
      path: '/',
      insecure: true,
      globalOnly: true,
    } as const
    const request = { method: 'GET', headers: {}, signal: new AbortController().signal }
    await assert.rejects(networkConnector({}).request(target, request), { message: 'address not allowed' })
  })

  test('a connection that stands to such an address is not used for it', async () => {
    const connector = networkConnector({})
    const target = { scheme: 'https', host: 'localhost', port: backend.port, path: '/', insecure: true } as const
    const request = { method: 'GET', headers: {}, signal: new AbortController().signal }
    const { body } = await connector.request(target, request)
    for await (const part of body) assert.equal(Buffer.from(part).toString(), 'answered')
    backend.seen()
    await assert.rejects(connector.request({ ...target, globalOnly: true }, request), {
      message: 'address not allowed',
    })
  })
})

test('pods/proxy leads to no such address, whatever the pod says of itself', async () => {
  for (const [index, address] of ['127.0.0.1', '169.254.169.254', '::1'].entries()) {
    await makePod(server, `p${index}`, address)
    for (const headers of [{}, UPGRADE]) {
      const message = await server.refused(400, `${PODS}/https:p${index}:${backend.port}/proxy/`, { headers })
      assert.equal(message, 'address not allowed')
    }
  }
})

describe('services/proxy leads to pods alone', () => {
  const SERVICES = '/api/v1/namespaces/default/services'
  const make = async (name: string, ip: string, targetRef?: object): Promise<void> => {
    await server.create(SERVICES, { metadata: { name }, spec: { ports: [{ name: 'https', port: 443 }] } })
    const addresses = [{ ip, ...(targetRef && { targetRef }) }]
    const subsets = [{ addresses, ports: [{ name: 'https', port: backend.port }] }]
    await server.create('/api/v1/namespaces/default/endpoints', { metadata: { name }, subsets })
  }
  const refused = async (name: string): Promise<void> => {
    for (const headers of [{}, UPGRADE]) {
      const message = await server.refused(503, `${SERVICES}/https:${name}:https/proxy/`, { headers })
      assert.equal(message, `no endpoints available for service "https:${name}:https"`)
    }
  }

  test('Endpoints made by hand, to anywhere', async () => {
    await make('by-hand', '192.0.2.1')
    await refused('by-hand')
  })

  test("Endpoints that name a pod, and not the pod's address", async () => {
    await makePod(server, 'other', '10.244.0.9')
    await make('other-address', '192.0.2.1', { kind: 'Pod', namespace: 'default', name: 'other' })
    await refused('other-address')
  })

  test("Endpoints that name another namespace's pod", async () => {
    await make('other-namespace', '10.244.0.9', { kind: 'Pod', namespace: 'kube-system', name: 'other' })
    await refused('other-namespace')
  })

  test('Endpoints cannot name loopback or link-local at all', async () => {
    for (const ip of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '224.0.0.1']) {
      const body = { metadata: { generateName: 'a' }, subsets: [{ addresses: [{ ip }], ports: [{ port: 1 }] }] }
      const text = await server.refused(422, '/api/v1/namespaces/default/endpoints', { method: 'POST', body })
      assert.match(text, /may not be in the (loopback|link-local|link-local multicast) range|may not be/, ip)
    }
  })

  test('EndpointSlices cannot either: aggregation and webhooks follow them', async () => {
    for (const [ip, addressType] of [
      ['127.0.0.1', 'IPv4'],
      ['169.254.169.254', 'IPv4'],
      ['::1', 'IPv6'],
      ['fe80::1', 'IPv6'],
    ]) {
      const body = { metadata: { generateName: 'a' }, addressType, endpoints: [{ addresses: [ip] }], ports: [] }
      const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
      assert.match(await server.refused(422, path, { method: 'POST', body }), /may not be in the/, ip)
    }
  })
})
