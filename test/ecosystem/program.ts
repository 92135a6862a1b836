import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { CallWebhook } from '../../src/apiserver/admission/webhooks/types.ts'
import { CustomResources } from '../../src/apiserver/customresources/custom-resources.ts'
import { GuardedServer } from '../../src/apiserver/guarded-server.suite.ts'
import { networkWebhooks } from '../../src/apiserver/http/webhook-caller.ts'
import { makeAuthority, makeCertificate } from '../../src/cmd/server/certificates.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { nextTurn } from '../../src/lib/turn.ts'

export interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly request: { readonly uid: string } & Record<string, unknown>
}

/** Answers a review with the fields of its `response`. */
export type Answers = Readonly<Record<string, (request: Review['request']) => object>>

/** A program with webhooks behind a Service, with a certificate of an authority of its own. */
export interface Program {
  /** base64 of the authority's PEM, as configurations want it. */
  readonly caBundle: string
  /** Paths that were asked, in order. */
  readonly asked: string[]
  /** Takes the program away; its Service stays. */
  leave(): void
}

/** The address of the program's pod; here it is this machine. */
const POD = '192.0.2.10'

/** A server with custom resources and real webhooks. */
export async function startServer(t: TestContext): Promise<GuardedServer> {
  const network = networkWebhooks()
  const callWebhook: CallWebhook = (request) => {
    const { dial } = request
    return network({
      ...request,
      ...(dial && { dial: { ...dial, host: dial.host === POD ? '127.0.0.1' : dial.host } }),
    })
  }
  const api = await GuardedServer.start({ clock: systemClock, callWebhook })
  const custom = new CustomResources(api.server, { callWebhook })
  await custom.start()
  t.after(() => custom.stop())
  return api
}

/** Starts a program's webhooks and makes its Service known, as its Deployment would. */
export async function startProgram(
  t: TestContext,
  api: GuardedServer,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  answers: Answers,
): Promise<Program> {
  const env = { clock: systemClock, random: systemRandom, log: silentLogger }
  const authority = await makeAuthority(env, `CN=${name}-ca`)
  const tls = await makeCertificate(env, authority, { name: `CN=${name}`, serves: [`${name}.${namespace}.svc`] })
  const asked: string[] = []
  const server = createServer(tls, (incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
    incoming.once('end', () => {
      const path = incoming.url?.split('?')[0] ?? ''
      asked.push(path)
      const { apiVersion, kind, request } = JSON.parse(body) as Review
      const response = { uid: request.uid, ...answers[path]?.(request) }
      outgoing.writeHead(200, { 'content-type': 'application/json' })
      outgoing.end(JSON.stringify({ apiVersion, kind, response }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const leave = (): void => {
    server.closeAllConnections()
    server.close()
  }
  t.after(leave)
  const { port } = server.address() as AddressInfo
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
  })
  await api.create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port }],
    endpoints: [{ addresses: [POD], conditions: { ready: true } }],
  })
  return { caBundle: btoa(authority.cert), asked, leave }
}

/** Waits until a resource is served. */
export async function served(api: GuardedServer, path: string): Promise<void> {
  while ((await api.send('GET', path)).status !== 200) await nextTurn()
}

export const encoded = (patch: readonly object[]): string => btoa(JSON.stringify(patch))
