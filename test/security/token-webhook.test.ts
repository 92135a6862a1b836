import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { UserError } from '../../src/host/user-error.ts'
import { SecureServer } from './server.ts'

interface Review {
  readonly apiVersion: string
  readonly spec: { readonly token: string; readonly audiences: readonly string[] }
}

const folder = mkdtempSync(join(tmpdir(), 'skiff-token-webhook-'))
const asked: Review[] = []
const service = createServer(testCertificate, (request, response) => {
  void request.toArray().then((chunks) => {
    const review = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Review
    asked.push(review)
    const isJane = review.spec.token === 'janes'
    const status = isJane
      ? { authenticated: true, user: { username: 'jane', groups: ['crew'] } }
      : { authenticated: false }
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...review, status }))
  })
})
let server: SecureServer

function kubeconfig(name: string, port: number, more: object = {}): string {
  const cluster = {
    server: `https://localhost:${port}/whose`,
    'certificate-authority-data': btoa(testCertificate.cert),
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'service', cluster }],
    users: [{ name: 'server', user: {} }],
    contexts: [{ name: 'way', context: { cluster: 'service', user: 'server' } }],
    'current-context': 'way',
    ...more,
  }
  writeFileSync(join(folder, name), JSON.stringify(config))
  return join(folder, name)
}

before(async () => {
  service.listen(0, 'localhost')
  await once(service, 'listening')
  server = await SecureServer.start({
    'authentication-token-webhook-config-file': [kubeconfig('good', (service.address() as AddressInfo).port)],
    'authentication-token-webhook-version': ['v1'],
  })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  service.close()
  service.closeAllConnections()
  rmSync(folder, { recursive: true })
})

test('a service is asked whose a token is that nobody else knows, and what it says is remembered', async () => {
  const refusal = /^namespaces is forbidden: User "jane" cannot list resource "namespaces"/
  for (let i = 0; i < 3; i++) assert.match(await server.refused(403, '/api/v1/namespaces', { token: 'janes' }), refusal)
  assert.equal(asked.length, 1)
  assert.equal(asked[0]?.apiVersion, 'authentication.k8s.io/v1')
  assert.deepEqual(asked[0]?.spec, { token: 'janes', audiences: ['https://kubernetes.default.svc.cluster.local'] })
})

test('a token that the service does not know is refused', async () => {
  const before = asked.length
  for (let i = 0; i < 3; i++) assert.equal(await server.refused(401, '/api', { token: 'nobodys' }), 'Unauthorized')
  assert.equal(asked.length, before + 1)
})

test('tokens of a file are not told to the service', async () => {
  const before = asked.length
  await server.expect(200, '/api', { as: 'alice' })
  assert.equal(asked.length, before)
})

const BAD: readonly (readonly [name: string, file: () => string])[] = [
  ['is not there', () => join(folder, 'nowhere')],
  ['is no YAML', () => (writeFileSync(join(folder, 'yaml'), 'a: ['), join(folder, 'yaml'))],
  ['names no context', () => kubeconfig('context', 1, { 'current-context': '' })],
  ['names a context that is not there', () => kubeconfig('missing', 1, { 'current-context': 'x' })],
  ['has no clusters', () => kubeconfig('clusters', 1, { clusters: [] })],
]
for (const [name, file] of BAD) {
  test(`a kubeconfig that ${name} keeps the server from starting`, async () => {
    const starting = SecureServer.start({ 'authentication-token-webhook-config-file': [file()] })
    await assert.rejects(starting, (error: unknown) => error instanceof UserError && error.message !== '')
  })
}
