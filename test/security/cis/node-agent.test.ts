/** Section 4.2: what the node agent's server does. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { connect, type ConnectionOptions } from 'node:tls'
import { after, before } from 'node:test'
import { makeCertificate } from '../../../src/cmd/server/certificates.ts'
import { resolveSettings } from '../../../src/host/cluster/resolve.ts'
import { control } from './control.ts'
import { startNodeAgent } from '../node-agent.ts'
import { env, SecureServer, type Sent } from '../server.ts'

let server: SecureServer
let agent: Awaited<ReturnType<typeof startNodeAgent>>

before(async () => {
  server = await SecureServer.start()
  agent = await startNodeAgent(server)
})

after(async () => {
  await agent[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const status = async (path: string, sent: Sent): Promise<number> =>
  (await server.send(path, { ...sent, port: agent.server.port })).status

control('4.2.1', async () => {
  for (const path of ['/pods', '/healthz', '/metrics']) assert.equal(await status(path, { as: undefined }), 401)
})

control('4.2.2', async () => {
  assert.equal(await status('/metrics', { as: 'alice' }), 403)
  await server.allow('bob', [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }])
  assert.equal(await status('/metrics', { as: 'bob' }), 200)
})

control('4.2.3', async () => {
  const tls = await makeCertificate(env, server.pki.ca, { name: 'O=system:masters, CN=somebody' })
  assert.equal(await status('/pods', { tls }), 200)
})

control('4.2.4', async () => {
  const node = await untilNode()
  assert.deepEqual(Object.keys(node.status.daemonEndpoints), ['kubeletEndpoint'])
})

interface Node {
  readonly status: { readonly daemonEndpoints: Readonly<Record<string, unknown>> }
}

async function untilNode(): Promise<Node> {
  for (;;) {
    const answer = await server.send('/api/v1/nodes/node')
    const node = answer.status === 200 ? (JSON.parse(answer.text) as Partial<Node>) : {}
    if (node.status?.daemonEndpoints !== undefined) return node as Node
    await new Promise((resolve) => setImmediate(resolve))
  }
}

control('4.2.7', () => {
  const settings = resolveSettings({ name: 'x' }, { others: [], routes: [], saved: undefined, hostname: hostname() })
  assert.equal(settings.nodeName, hostname().toLowerCase())
})

control('4.2.9', async () => {
  const socket = connect({ host: '127.0.0.1', port: agent.server.port, ca: server.pki.ca.cert })
  await once(socket, 'secureConnect')
  const { subject = '', publicKey } = socket.getPeerX509Certificate() ?? {}
  socket.destroy()
  assert.equal(subject, 'O=system:nodes\nCN=system:node:node')
  const others = [server.pki.serving, server.pki.admin, server.pki.ca].map(
    ({ cert }) => new X509Certificate(cert).publicKey,
  )
  assert.ok(others.every((other) => publicKey !== undefined && !publicKey.equals(other)))
})

control('4.2.12', async () => {
  const weak: readonly ConnectionOptions[] = [
    { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    { maxVersion: 'TLSv1.2', ciphers: 'NULL@SECLEVEL=0' },
    { maxVersion: 'TLSv1.2', ciphers: 'kRSA@SECLEVEL=0' },
  ]
  for (const tls of weak)
    assert.notEqual(
      await server.handshakeError({ ...tls, rejectUnauthorized: false, port: agent.server.port }),
      undefined,
    )
  assert.equal(await server.handshakeError({ port: agent.server.port, rejectUnauthorized: false }), undefined)
})
