import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { WebhookRequest } from '../admission/webhooks/types.ts'
import { testCertificate } from './test-certificate.ts'
import { networkWebhooks } from './webhook-caller.ts'

let server: Server
let port = 0

before(async () => {
  server = createServer(testCertificate, (request, response) => {
    request.resume()
    request.once('end', () => response.writeHead(201).end(`${request.method} ${request.url} ${request.headers.host}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

after(() => {
  server.closeAllConnections()
  server.close()
})

const call = networkWebhooks()
const request = (more: Partial<WebhookRequest>): WebhookRequest => ({
  url: `https://localhost:${port}/check?timeout=1s`,
  body: new TextEncoder().encode('{}'),
  signal: new AbortController().signal,
  ...more,
})

test('a webhook is called at the endpoint, under the name that its certificate is for', async () => {
  const dial = { host: '127.0.0.1', port }
  const { status, body } = await call(request({ url: 'https://localhost:443/check', dial, ca: testCertificate.cert }))
  assert.deepEqual([status, new TextDecoder().decode(body)], [201, 'POST /check localhost'])
})

test('a certificate of another name or of an unknown authority is not believed', async () => {
  const dial = { host: '127.0.0.1', port }
  await assert.rejects(call(request({ url: 'https://s.default.svc:443/', dial, ca: testCertificate.cert })), {
    message: 'tls: failed to verify certificate: x509: certificate is not valid for s.default.svc',
  })
  await assert.rejects(call(request({})), {
    message: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  })
})

test('nobody there is told as kube-apiserver tells it', async () => {
  const free = createServer(testCertificate).listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port: closed } = free.address() as AddressInfo
  free.close()
  await once(free, 'close')
  await assert.rejects(call(request({ dial: { host: '127.0.0.1', port: closed } })), {
    message: `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
  })
})
