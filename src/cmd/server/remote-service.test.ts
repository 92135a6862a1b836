import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { DEFAULT_RETRY, withRetries } from '../../apiserver/remote/retry.ts'
import { RemoteError, type RemoteService } from '../../apiserver/remote/service.ts'
import { systemClock, VirtualClock } from '../../lib/clock.ts'
import { seededRandom } from '../../lib/random.ts'
import { remoteService } from './remote-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-remote-'))
after(() => rmSync(folder, { recursive: true }))

function kubeconfig(server: string): string {
  const file = join(folder, 'config')
  const config = {
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function serving(
  t: TestContext,
  path: string,
  answer: RequestListener,
  timeoutMs = 5000,
): Promise<RemoteService> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const service = remoteService(kubeconfig(`http://127.0.0.1:${port}${path}`), timeoutMs, systemClock)
  t.after(() => {
    service.close()
    server.closeAllConnections()
    server.close()
  })
  return service
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

async function failureOf(service: RemoteService): Promise<RemoteError> {
  const failure: unknown = await service.post({}).catch((error: unknown) => error)
  assert.ok(failure instanceof RemoteError, String(failure))
  return failure
}

test('a service is posted to where its kubeconfig says, by connections that are kept', async (t) => {
  const seen: unknown[] = []
  const sockets = new Set<unknown>()
  const service = await serving(t, '/authorize', (request, response) => {
    sockets.add(request.socket)
    void bodyOf(request).then((body) => {
      seen.push([request.method, request.url, request.headers.authorization, body])
      response.end('{"fine":true}')
    })
  })
  assert.deepEqual(await service.post({ a: 1 }), { fine: true })
  await service.post({ a: 2 })
  assert.deepEqual(seen, [
    ['POST', '/authorize?timeout=5s', 'Bearer secret', '{"a":1}'],
    ['POST', '/authorize?timeout=5s', 'Bearer secret', '{"a":2}'],
  ])
  assert.equal(sockets.size, 1)
})

test('what goes wrong is said as a client of Go says it', async (t) => {
  const answer: { status: number; body: string; type?: string } = { status: 500, body: 'boom' }
  const service = await serving(t, '', (_request, response) => {
    response.writeHead(answer.status, { 'content-type': answer.type ?? 'text/plain' }).end(answer.body)
  })
  const broken = await failureOf(service)
  assert.equal(broken.message, 'an error on the server ("boom") has prevented the request from succeeding')
  assert.deepEqual([broken.status, broken.retry], [500, true])
  Object.assign(answer, { status: 404, body: '' })
  const absent = await failureOf(service)
  assert.equal(absent.message, 'the server could not find the requested resource')
  assert.deepEqual([absent.status, absent.retry], [404, false])
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message: 'not you' }
  Object.assign(answer, { status: 403, body: JSON.stringify(status), type: 'application/json' })
  assert.equal((await failureOf(service)).message, 'not you')
  Object.assign(answer, { status: 200, body: 'what?', type: 'text/plain' })
  assert.match((await failureOf(service)).message, /^couldn't get version\/kind; json parse error: /)
})

test('a service that says nothing is waited for no longer than it may take', async (t) => {
  const service = await serving(t, '/x', () => {}, 50)
  const late = await failureOf(service)
  assert.match(late.message, /^Post "http:\/\/127\.0\.0\.1:\d+\/x\?timeout=50ms": context deadline exceeded/)
  assert.equal(late.timedOut, true)
})

test('a service that is not there', async () => {
  const service = remoteService(kubeconfig('http://127.0.0.1:1/x'), 1000, systemClock)
  const gone = await failureOf(service)
  assert.equal(
    gone.message,
    'Post "http://127.0.0.1:1/x?timeout=1s": dial tcp 127.0.0.1:1: connect: connection refused',
  )
  assert.equal(gone.retry, false)
  service.close()
})

test('a kubeconfig that names nothing is refused', () => {
  assert.throws(() => remoteService(kubeconfig('not a url'), 1000, systemClock), { name: 'UserError' })
  assert.throws(() => remoteService('/nonexistent', 1000, systemClock), { name: 'UserError' })
})

test('what may do better is tried again, five times at most, after growing waits', async () => {
  const clock = new VirtualClock()
  const env = { clock, random: seededRandom(1) }
  const times: number[] = []
  const failing = withRetries(env, DEFAULT_RETRY, () => {
    times.push(clock.monotonic())
    return Promise.reject(new RemoteError('no', { status: 500, retry: true }))
  })
  const caught = assert.rejects(failing, { message: 'no' })
  await clock.advance(20_000)
  await caught
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  assert.equal(times.length, 5)
  for (const [index, wait] of waits.entries()) {
    const least = 500 * 1.5 ** index
    assert.ok(wait >= least - 1 && wait <= least * 1.2 + 1, `wait ${index} is ${wait}`)
  }
  await assert.rejects(
    withRetries(env, DEFAULT_RETRY, () => Promise.reject(new RemoteError('never', { status: 404 }))),
    { message: 'never' },
  )
})
