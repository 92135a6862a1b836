import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pods } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { systemClock } from '../../lib/clock.ts'
import { createClient } from '../create-client.ts'
import type { MemoryApi } from '../testing/memory-api.ts'
import { testCertificate } from '../testing/test-certificate.ts'
import { testBench } from '../testing/test-env.ts'
import { TransportError, type ApiRequest } from '../transport.ts'
import type { HttpConfig } from './config.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import { httpTransport, type HttpTransport } from './transport.ts'

/** Answers requests out of an API in memory, as a server would. */
function serveFrom(api: MemoryApi) {
  return async (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse,
  ): Promise<void> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array)
    const text = Buffer.concat(chunks).toString('utf8')
    const closed = new AbortController()
    response.on('close', () => closed.abort(new Error('closed')))
    const answer = await api.request({
      method: request.method as ApiRequest['method'],
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      ...(text && { body: JSON.parse(text) as unknown }),
      signal: closed.signal,
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    if (!answer.events) return void response.end(JSON.stringify(answer.body))
    response.write('')
    for await (const event of answer.events) response.write(`${JSON.stringify(event)}\n`)
    response.end()
  }
}

describe('httpTransport', () => {
  const protocols = {
    'HTTP/2': (handler: ReturnType<typeof serveFrom>) =>
      http2.createSecureServer({ ...testCertificate, allowHTTP1: true }, handler as never) as unknown as Server,
    'HTTP/1.1 over TLS': (handler: ReturnType<typeof serveFrom>) =>
      https.createServer(testCertificate, handler as never) as Server,
    'HTTP/1.1': (handler: ReturnType<typeof serveFrom>) => http.createServer(handler as never) as Server,
  }

  for (const [name, create] of Object.entries(protocols)) {
    describe(name, () => {
      const { env, api } = testBench()
      let server: Server
      let transport: HttpTransport
      before(async () => {
        server = create(serveFrom(api))
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const { port } = server.address() as AddressInfo
        const scheme = name === 'HTTP/1.1' ? 'http' : 'https'
        const config: HttpConfig = {
          server: `${scheme}://127.0.0.1:${port}`,
          ca: testCertificate.cert,
          token: () => 'secret',
        }
        transport = httpTransport(config, systemClock)
      })
      after(() => {
        transport.close()
        server.close()
        if (server instanceof http.Server) server.closeAllConnections()
      })
      const client = () => createClient({ transport, env, userAgent: 'test' })

      it('carries objects, failures and credentials', async () => {
        let seen: ApiRequest['headers']
        api.intercept = ({ headers }) => void (seen = headers)
        const created = await client()(pods).create({
          metadata: { name: 'ä', namespace: 'x' },
          spec: { containers: [] },
        })
        assert.deepEqual(await client()(pods).get(created), created)
        assert.equal(seen?.['authorization'], 'Bearer secret')
        assert.equal(seen?.['user-agent'], 'test')
        await assert.rejects(client()(pods).get('x/none'), (error) => hasReason(error, 'NotFound'))
      })

      it('streams a watch and ends it when told', async () => {
        const stop = new AbortController()
        const names: (string | undefined)[] = []
        await client()(pods).create({ metadata: { name: 'w1', namespace: 'watched' }, spec: { containers: [] } })
        const watch = client()(pods).watch({ namespace: 'watched', sendInitialEvents: true, signal: stop.signal })
        for await (const { type, object } of watch) {
          if (type === 'BOOKMARK')
            await client()(pods).create({ metadata: { name: 'w2', namespace: 'watched' }, spec: { containers: [] } })
          else names.push(object.metadata.name)
          if (names.length === 2) stop.abort(new Error('enough'))
        }
        assert.deepEqual(names, ['w1', 'w2'])
      })

      it('carries many at a time, more than one connection has room for', async () => {
        const stop = new AbortController()
        const streams = Array.from({ length: 150 }, async () => {
          for await (const { type } of client()(pods).watch({ sendInitialEvents: true, signal: stop.signal }))
            if (type === 'BOOKMARK') return
        })
        await Promise.all(streams)
        stop.abort(new Error('enough'))
      })
    })
  }

  it('takes an answer that comes before its request was read', async () => {
    const server = http2.createSecureServer(testCertificate)
    const body = JSON.stringify({ kind: 'Pod', metadata: { name: 'x', annotations: { long: 'y'.repeat(200_000) } } })
    server.on('stream', (stream) => {
      stream.on('error', () => undefined)
      stream.respond({ ':status': 200, 'content-type': 'application/json' })
      stream.end(body, () => stream.close(http2.constants.NGHTTP2_NO_ERROR))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const config = { server: `https://127.0.0.1:${port}`, ca: testCertificate.cert }
    const transport = httpTransport(config, systemClock)
    const answer = await transport.request({ method: 'POST', path: '/', body: { large: 'z'.repeat(1_000_000) } })
    assert.deepEqual(answer.body, JSON.parse(body))
    transport.close()
    server.close()
  })

  it('says so when there is no server', async () => {
    const { env } = testBench()
    const transport = httpTransport({ server: 'https://127.0.0.1:1' }, systemClock)
    const client = createClient({ transport, env, userAgent: 'test' })
    await assert.rejects(
      client(pods).get('a/b'),
      (e) => e instanceof TransportError && e.message.includes('ECONNREFUSED'),
    )
  })
})

describe('loadKubeconfig', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
  after(() => rmSync(dir, { recursive: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  const first = file(
    'first',
    `current-context: a
clusters: [{name: c, cluster: {server: "https://one:6443", certificate-authority: ca.pem, tls-server-name: kube}}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: work}}]
users: [{name: u, user: {client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}}}]`,
  )
  const second = file(
    'second',
    `current-context: b
clusters: [{name: c, cluster: {server: "https://hidden"}}, {name: d, cluster: {server: "https://two", insecure-skip-tls-verify: true}}]
contexts: [{name: b, context: {cluster: d, user: t}}, {name: e, context: {cluster: d, user: x}}]
users: [{name: t, user: {tokenFile: token}}, {name: x, user: {exec: {command: y}}}]`,
  )
  file('ca.pem', 'CA')
  file('token', 'from-file\n')
  const { clock } = testBench()

  it('takes data, files next to it, and the context of the first file', () => {
    const { config, namespace, context } = loadKubeconfig({ clock, paths: [first, second] })
    assert.deepEqual(
      [config.server, config.ca, config.serverName, namespace, context],
      ['https://one:6443', 'CA', 'kube', 'work', 'a'],
    )
    assert.deepEqual(config.certificate?.(), { cert: 'CERT', key: 'KEY' })
  })

  it('takes another context, and reads a token file again after a minute', async () => {
    const { config } = loadKubeconfig({ clock, paths: [first, second], context: 'b' })
    assert.equal(config.insecureSkipTlsVerify, true)
    assert.equal(config.token?.(), 'from-file')
    file('token', 'rotated')
    assert.equal(config.token?.(), 'from-file')
    await clock.advance(60_000)
    assert.equal(config.token?.(), 'rotated')
  })

  it('says what is missing or not supported', () => {
    const load = (context: string) => () => loadKubeconfig({ clock, paths: [first, second], context })
    assert.throws(load('nope'), /kubeconfig has no context "nope"/)
    assert.throws(load('e'), /credential plugin/)
    assert.throws(() => loadKubeconfig({ clock, paths: [join(dir, 'absent')] }), /cannot read kubeconfig/)
  })
})
