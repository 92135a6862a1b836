import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { TestServer } from '../test-server.ts'
import { networkConnector } from './kubelet-connector.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

/** A kubelet that says what it is asked. */
let kubelet: Server
let listener: HttpsListener
let server: TestServer
const asked: string[] = []
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }

before(async () => {
  kubelet = createServer(testCertificate, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url?.includes('/headers')) response.writeHead(200, CORS).end(JSON.stringify(request.headers))
    else if (request.url?.includes('/missing')) response.writeHead(404).end('no such thing')
    else response.writeHead(200, { 'content-type': 'text/plain', 'x-kubelet': 'yes' }).end('one\ntwo\n')
  })
  kubelet.on('upgrade', (request, socket) => {
    asked.push(`UPGRADE ${request.url}`)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
    socket.pipe(socket)
  })
  kubelet.listen(0, '127.0.0.1')
  await once(kubelet, 'listening')
  const { port } = kubelet.address() as AddressInfo
  server = new TestServer({ connector: networkConnector({}) })
  // As one of this process: over the network nobody is sent to loopback.
  server.server.nodes.add('n1', networkConnector({}))
  listener = await serveHttps(server.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  await server.create('/api/v1/nodes', {
    metadata: { name: 'n1' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  })
  for (const [name, node] of [
    ['a', 'n1'],
    ['waiting', ''],
  ] as const) {
    await server.create('/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: {
        ...(node && { nodeName: node }),
        containers: [
          { name: 'c', image: 'i' },
          { name: 'd', image: 'i' },
        ],
      },
    })
  }
})

after(async () => {
  await listener.close()
  kubelet.closeAllConnections()
  kubelet.close()
})

const POD = '/api/v1/namespaces/default/pods/a'

test('a log comes from the node of its pod', async () => {
  const log = await server.send('GET', `${POD}/log?container=c&tailLines=2&follow=true`)
  assert.equal(log.body, 'one\ntwo\n')
  assert.equal(asked.at(-1), 'GET /containerLogs/default/a/c?follow=true&tailLines=2&stream=All')
})

test('a log needs a container that the pod has, and options that make sense', async () => {
  const several = await server.expect<{ message: string }>(400, 'GET', `${POD}/log`)
  assert.equal(several.message, 'a container name must be specified for pod a, choose one of: [c d]')
  const unknown = await server.expect<{ message: string }>(400, 'GET', `${POD}/log?container=x`)
  assert.equal(unknown.message, 'container x is not valid for pod a')
  await server.expect(422, 'GET', `${POD}/log?container=c&tailLines=-1`)
  const waiting = await server.send('GET', '/api/v1/namespaces/default/pods/waiting/log?container=c')
  assert.equal(waiting.status, 204)
})

test('requests are passed on to a node, with their path and query', async () => {
  const { body } = await server.send('GET', '/api/v1/nodes/n1/proxy/metrics/cadvisor?x=1')
  assert.equal(body, 'one\ntwo\n')
  assert.equal(asked.at(-1), 'GET /metrics/cadvisor?x=1')
  assert.equal((await server.send('GET', '/api/v1/nodes/n1/proxy/missing')).status, 404)
})

test('a node is told where a request came from, and does not say what pages may read', async () => {
  const path = '/api/v1/nodes/n1/proxy/headers?x=1'
  const headers = { 'x-forwarded-for': '192.0.2.7', 'content-length': '2' }
  const options = { host: '127.0.0.1', port: listener.port, method: 'POST', path, headers, rejectUnauthorized: false }
  const request = httpsRequest(options).end('hi')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const seen = JSON.parse(Buffer.concat(await response.toArray()).toString()) as IncomingMessage['headers']
  assert.equal(seen['x-forwarded-for'], '192.0.2.7, 127.0.0.1')
  assert.equal(seen['x-forwarded-uri'], '/api/v1/nodes/n1/proxy/headers')
  assert.deepEqual([seen['content-length'], seen['transfer-encoding']], ['2', undefined])
  assert.deepEqual(
    Object.keys(response.headers).filter((name) => name.startsWith('access-control')),
    [],
  )
})

test('the root of what is proxied ends in a slash', async () => {
  for (const method of ['GET', 'HEAD']) {
    const moved = await server.send(method, '/api/v1/nodes/n1/proxy?a=b')
    assert.deepEqual([moved.status, moved.headers.location], [301, '/api/v1/nodes/n1/proxy/?a=b'])
  }
  assert.equal((await server.send('GET', '/api/v1/nodes/n1/proxy/?a=b')).status, 200)
  assert.equal(asked.at(-1), 'GET /?a=b')
})

test('every method is passed on, OPTIONS too', async () => {
  for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
    assert.equal((await server.send(method, '/api/v1/nodes/n1/proxy/any')).status, 200)
    assert.equal(asked.at(-1), `${method} /any`)
  }
})

test('a pod that could be the API server itself is not proxied to', async () => {
  const pod = await server.get<KubeObject>(POD)
  await server.expect(200, 'PUT', `${POD}/status`, {
    ...pod,
    status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] },
  })
  const refused = await server.expect<{ message: string }>(400, 'GET', `${POD}/proxy/`)
  assert.equal(refused.message, 'address not allowed')
})

function upgrade(path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' }
    const options = { host: '127.0.0.1', port: listener.port, method: 'POST', path, headers, rejectUnauthorized: false }
    const request = httpsRequest(options)
    request.on('upgrade', (response, socket) => {
      socket.write('hello')
      socket.once('data', (data: Buffer) => {
        socket.destroy()
        resolve({ status: response.statusCode ?? 0, text: data.toString() })
      })
    })
    request.on('response', (response) => {
      response.toArray().then((chunks) => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
      }, reject)
    })
    request.on('error', reject)
    request.end()
  })
}

test('exec joins the connections of client and node', async () => {
  const joined = await upgrade(`${POD}/exec?container=c&command=ls&command=-l&stdin=true&stdout=true&tty=true`)
  assert.deepEqual(joined, { status: 101, text: 'hello' })
  assert.equal(asked.at(-1), 'UPGRADE /exec/default/a/c?input=1&output=1&tty=1&command=ls&command=-l')
})

test('an exec that cannot be is answered as a Status', async () => {
  const waiting = await upgrade('/api/v1/namespaces/default/pods/waiting/exec?container=c&command=ls')
  assert.equal(waiting.status, 400)
  assert.match(waiting.text, /pod waiting does not have a host assigned/)
  assert.equal((await server.send('GET', `${POD}/exec?container=c`)).status, 400)
})

test('logs and watches are told over WebSockets too', async () => {
  const open = (path: string, protocols: string[]): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${listener.port}${path}`, protocols, { rejectUnauthorized: false })
  const log = open(`${POD}/log?container=c`, ['binary.k8s.io'])
  const [message] = (await once(log, 'message')) as [Buffer]
  assert.equal(message.toString(), 'one\ntwo\n')
  const watch = open('/api/v1/nodes?watch=true', [])
  const [event] = (await once(watch, 'message')) as [Buffer]
  assert.equal((JSON.parse(event.toString()) as { type: string }).type, 'ADDED')
  watch.terminate()
})
