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
    message: 'tls: failed to verify certificate: x509: certificate is valid for localhost, not s.default.svc',
  })
  await assert.rejects(call(request({})), {
    message: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  })
})

/** For localhost by its Common Name alone. */
const NAMELESS = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUGrn+jiRyzPyQ1SkdzsVdanP3w2gwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIyNTkzM1oYDzIxMjYxMDI5
MjI1OTMzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAThcNUIvwvtyTkY+8Wx5xVthfRG2c6PfTUn9/fOeUbSTTvK/4ddCvmd
5MM/K0lkFozWUXOyWmnoELUC0zZ3l2Ifo1MwUTAdBgNVHQ4EFgQUHzSj7MynayiE
cL0V9oWbhuCV2BAwHwYDVR0jBBgwFoAUHzSj7MynayiEcL0V9oWbhuCV2BAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAn6fIxkcSHdwGwYgZxq2i
PF7mW8PN7VXISAR4hpyCDgQCIQC3p0XADVs97sokZQcK5Tfm6e6wRjHmh6O4c1pd
JK87NQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqkhqBx23GKsr1M1L
Uoc8aqy0CD+j0LuMowhyRwxZscyhRANCAAThcNUIvwvtyTkY+8Wx5xVthfRG2c6P
fTUn9/fOeUbSTTvK/4ddCvmd5MM/K0lkFozWUXOyWmnoELUC0zZ3l2If
-----END PRIVATE KEY-----
`,
}

/** For localhost, signed by an authority that nobody has. */
const SIGNED = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBpjCCAUygAwIBAgIUPP9oGCj4SBWOrzxy/9I/ZHd3dHkwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMzAxMTEwOFoYDzIxMjUwNjE3MDEx
MTA4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARNljbylIjMi60PI6sFQUSg/ji9LzkAV2Tr32ZRZ9iRhP8PGqh1nsj2rmLK
7i7qY21td5nExYVY9JTybYaVfOVjo30wezAUBgNVHREEDTALgglsb2NhbGhvc3Qw
EwYDVR0lBAwwCgYIKwYBBQUHAwEwDgYDVR0PAQH/BAQDAgeAMB0GA1UdDgQWBBQc
KHViVsT/op8GN2z3maJAtjL1kzAfBgNVHSMEGDAWgBSS7Z81OW/mnj+q0upzb6Sl
D1VdzTAKBggqhkjOPQQDAgNIADBFAiB/ybHYtV00R97v5HaqgB9e8SIosp5kk2xJ
i/28fBjVXQIhAIbOcM457Q88Ry+KqeF2EIP/Qy8YCjgeV4KDjhZ0RwZv
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgO49qEJhI2XodvMra
eQcimLiIYdR8RoRhjeBY/gVK64OhRANCAARNljbylIjMi60PI6sFQUSg/ji9LzkA
V2Tr32ZRZ9iRhP8PGqh1nsj2rmLK7i7qY21td5nExYVY9JTybYaVfOVj
-----END PRIVATE KEY-----
`,
}

test('a certificate that is named itself is believed, whoever signed it', async (context) => {
  const signed = createServer(SIGNED, (_request, response) => void response.writeHead(200).end()).listen(0, '127.0.0.1')
  await once(signed, 'listening')
  context.after(() => {
    signed.closeAllConnections()
    signed.close()
  })
  const dial = { host: '127.0.0.1', port: (signed.address() as AddressInfo).port }
  const { status } = await call(request({ url: 'https://localhost:443/', dial, ca: SIGNED.cert }))
  assert.equal(status, 200)
  await assert.rejects(call(request({ url: 'https://localhost:443/', dial, ca: testCertificate.cert })), {
    message: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  })
})

test('a certificate without a subjectAltName is not believed', async (context) => {
  const nameless = createServer(NAMELESS, (_request, response) => void response.end()).listen(0, '127.0.0.1')
  await once(nameless, 'listening')
  context.after(() => nameless.close())
  const dial = { host: '127.0.0.1', port: (nameless.address() as AddressInfo).port }
  await assert.rejects(call(request({ dial, ca: NAMELESS.cert })), {
    message:
      'tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead',
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
