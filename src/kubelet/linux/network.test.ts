import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { linuxNetwork } from './network.ts'

test('a probe sends the Host header that HTTP/1.1 demands, or the one that was asked for', async (t) => {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    response.end('ok')
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const request = {
    scheme: 'http',
    host: '127.0.0.1',
    port,
    path: '/',
    headers: [{ name: 'X-A', value: 'b' }],
    timeoutMs: 5000,
    maxBytes: 100,
  } as const
  assert.deepEqual(await linuxNetwork.http(request), { status: 200, body: 'ok' })
  await linuxNetwork.http({ ...request, headers: [{ name: 'host', value: 'example.test' }] })
  assert.deepEqual(
    seen.map(({ host }) => host),
    [`127.0.0.1:${port}`, 'example.test'],
  )
})
