import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { GuardedServer } from '../guarded-server.suite.ts'
import { serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'
import { networkWebhooks } from './webhook-caller.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

const staticTokens = new Map([['secret', { name: 'admin', groups: ['system:masters'] }]])

type Behave = (incoming: IncomingMessage, outgoing: ServerResponse, body: string) => void

interface Attacked {
  readonly api: GuardedServer
  /** Connections that were opened to the webhook. */
  readonly connections: () => number
  readonly url: string
}

/** A server whose config maps a webhook over real HTTPS is asked about. */
async function attacked(t: TestContext, behave: Behave, more: object = {}): Promise<Attacked> {
  let connections = 0
  const hook = createServer(testCertificate, (incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
    incoming.once('end', () => behave(incoming, outgoing, body))
  })
  hook.on('secureConnection', () => connections++)
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  t.after(() => {
    hook.closeAllConnections()
    hook.close()
  })
  const url = `https://localhost:${(hook.address() as AddressInfo).port}/check`
  const api = await GuardedServer.start({ clock: systemClock, callWebhook: networkWebhooks(), staticTokens })
  const webhook = {
    name: 'v.example.com',
    clientConfig: { url, caBundle: btoa(testCertificate.cert) },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 1,
    ...more,
  }
  await api.create(CONFIGURATIONS, { metadata: { name: 'c' }, webhooks: [webhook] })
  return { api, connections: () => connections, url }
}

/** Sends a config map that cannot be admitted; why. */
async function refusal(api: GuardedServer, name = 'm'): Promise<string> {
  const message = await api.refused(500, 'POST', MAPS, { metadata: { name } })
  const prefix = 'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: '
  assert.equal(message.slice(0, prefix.length), prefix)
  return message.slice(prefix.length)
}

const allowed = (body: string): string => {
  const { request } = JSON.parse(body) as { request: { uid: string } }
  const response = { uid: request.uid, allowed: true }
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response })
}
const json = { 'content-type': 'application/json' }

test('a body without end is not read to its end', async (t) => {
  let sent = 0
  const { api } = await attacked(
    t,
    (_incoming, outgoing) => {
      outgoing.writeHead(200, json)
      const flood = Buffer.alloc(1024 * 1024, ' ')
      const more = (): void => {
        while (!outgoing.destroyed && outgoing.write(flood)) sent += flood.length
        sent += flood.length
      }
      outgoing.on('drain', more)
      more()
    },
    { timeoutSeconds: 20 },
  )
  const error =
    'unexpected error when reading response body. Please retry. Original error: http: response body too large'
  assert.equal(await refusal(api), error)
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`)
})

test('headers without end are not read', async (t) => {
  const { api, url } = await attacked(
    t,
    (incoming) => {
      const { socket } = incoming
      socket.write('HTTP/1.1 200 OK\r\n')
      const more = (): void => {
        while (!socket.destroyed && socket.write(`x-flood: ${'x'.repeat(1000)}\r\n`));
      }
      socket.on('drain', more)
      socket.on('error', () => socket.destroy())
      more()
    },
    { timeoutSeconds: 20 },
  )
  assert.equal(await refusal(api), `Post "${url}?timeout=20s": net/http: server response headers exceeded; aborted`)
})

test('an answer that drips is waited for no longer than a whole one', async (t) => {
  const { api } = await attacked(t, (_incoming, outgoing, body) => {
    outgoing.writeHead(200, json)
    const answer = allowed(body)
    let at = 0
    const drip = (): void => {
      if (outgoing.destroyed) return
      outgoing.write(answer[at++] ?? ' ')
      systemClock.setTimer(drip, 50)
    }
    drip()
  })
  const error = 'unexpected error when reading response body. Please retry. Original error: context deadline exceeded'
  assert.equal(await refusal(api), error)
})

test('a webhook that hangs is let go of when its time is over', async (t) => {
  let closed = (): void => {}
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const { api, url } = await attacked(t, (incoming) => void incoming.socket.once('close', closed))
  assert.equal(await refusal(api), `Post "${url}?timeout=1s": context deadline exceeded`)
  await gone
})

test('a redirect is an answer, and leads nowhere', async (t) => {
  const asked: string[] = []
  const { api } = await attacked(t, (incoming, outgoing, body) => {
    asked.push(incoming.url ?? '')
    if (incoming.url?.startsWith('/elsewhere')) outgoing.writeHead(200, json).end(allowed(body))
    else outgoing.writeHead(307, { location: '/elsewhere' }).end()
  })
  assert.equal(await refusal(api), 'the server responded with the status code 307 but did not return more information')
  assert.deepEqual(asked, ['/check?timeout=1s'])
})

test('connections are kept: many requests one after the other need one', async (t) => {
  const { api, connections } = await attacked(t, (_incoming, outgoing, body) => {
    outgoing.writeHead(200, json).end(allowed(body))
  })
  for (let index = 0; index < 20; index++) await api.create(MAPS, { metadata: { name: `m-${index}` } })
  assert.equal(connections(), 1)
})

test('a connection that the webhook closed meanwhile is made anew', async (t) => {
  const { api, connections } = await attacked(t, (incoming, outgoing, body) => {
    outgoing.writeHead(200, json).end(allowed(body), () => incoming.socket.destroy())
  })
  for (let index = 0; index < 5; index++) await api.create(MAPS, { metadata: { name: `m-${index}` } })
  assert.equal(connections(), 5)
})

test('a deep answer is refused, not followed down', async (t) => {
  const { api } = await attacked(t, (_incoming, outgoing) => {
    outgoing.writeHead(200, json).end(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)
  })
  const error = "couldn't get version/kind; json parse error: invalid character '[' exceeded max depth"
  assert.equal(await refusal(api), error)
})

test('a client that goes away takes its question back', async (t) => {
  const asked = Promise.withResolvers<IncomingMessage>()
  const { api } = await attacked(t, (incoming) => asked.resolve(incoming), { timeoutSeconds: 30 })
  const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  t.after(() => listener.close())
  const agent = new Agent({ ca: testCertificate.cert })
  const { port } = listener
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' }
  const client = request({ host: '127.0.0.1', port, path: MAPS, method: 'POST', headers, agent })
  client.on('error', () => {})
  client.end(JSON.stringify({ metadata: { name: 'm' } }))
  const { socket } = await asked.promise
  const closed = once(socket, 'close')
  client.destroy()
  await closed
})
