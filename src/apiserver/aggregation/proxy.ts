import { StatusError } from '../../apimachinery/status.ts'
import { locateService } from '../admission/webhooks/locate.ts'
import type { UserInfo } from '../authn/types.ts'
import type { Answer } from '../registry/answer.ts'
import { authority, type ConnectResponse, type ConnectTarget } from '../registry/connect/connector.ts'
import { answeredHeaders, passedHeaders } from '../registry/connect/forwarded.ts'
import type { Registry } from '../registry/served.ts'
import type { Call } from '../request/call.ts'
import { textAnswer } from '../routes/text.ts'
import type { ApiServer } from '../server.ts'
import type { RemoteApiService } from './api-service.ts'

type Headers = Record<string, string | readonly string[]>

/** What clients read of a server that is not there. */
export const unavailable = (): Answer => textAnswer(503, 'service unavailable\n')

/** Passes a request on to an aggregated API server. */
export async function passOn(
  server: Pick<ApiServer, 'registry' | 'unanswered'>,
  remote: RemoteApiService,
  call: Call,
): Promise<Answer> {
  const { registry } = server
  const nobody = (): Answer => {
    server.unanswered(call, 503)
    return unavailable()
  }
  if (!remote.available) return nobody()
  const query = sorted(call.query).toString()
  let target: ConnectTarget
  try {
    target = await targetOf(registry, remote, call.info.path + (query && `?${query}`))
  } catch (error) {
    registry.env.log.warn('an aggregated API server cannot be found', { apiService: remote.name, err: error })
    return nobody()
  }
  const named = call.auditID !== undefined && { 'audit-id': call.auditID }
  const own = { ...named, ...userHeaders(call.user), ...traceHeaders(call) }
  if (call.upgrade) return { type: 'upgrade', kind: 'proxy', target, headers: own }
  const body = bodyOf(call)
  const via = { 'x-forwarded-host': authority(target), 'x-forwarded-proto': 'https' }
  const headers = { ...body?.headers, ...passedHeaders(call), ...via, ...own }
  try {
    const request = { method: call.method, headers, signal: call.signal, ...(body && { body: body.bytes }) }
    const answer = await registry.connector.request(target, request)
    if (isRedirect(answer)) return redirected(answer)
    return { type: 'stream', ...answer, headers: answeredHeaders(answer.headers) }
  } catch (error) {
    if (error instanceof StatusError) throw error
    return textAnswer(503, `error trying to reach service: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

/** What the other server does is a part of a request that is traced. */
function traceHeaders({ span }: Call): Headers {
  return span ? { traceparent: span.traceparent } : {}
}

/** Where an aggregated server is now: one of the endpoints of its Service. */
export async function targetOf(
  { store, env }: Pick<Registry, 'store' | 'env'>,
  { service, ca, insecure }: RemoteApiService,
  path: string,
): Promise<ConnectTarget> {
  const { host, port } = await locateService(store, env.random, service)
  const serverName = `${service.name}.${service.namespace}.svc`
  return { scheme: 'https', host, port, path, insecure, aggregated: { serverName, ca } }
}

/** How a front proxy says who sends a request. */
export function userHeaders({ name, uid, groups, extra = {} }: UserInfo): Headers {
  const headers: Headers = { 'x-remote-user': name, 'x-remote-group': groups }
  if (uid) headers['x-remote-uid'] = uid
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${escapeKey(key)}`] = values
  return headers
}

/** Header names hold tokens alone; anything else is percent-encoded, as upstream does. */
function escapeKey(key: string): string {
  const isToken = /[A-Za-z0-9!#$&'*+\-.^_`|~]/
  return Array.from(new TextEncoder().encode(key), (byte) => {
    const character = String.fromCharCode(byte)
    return isToken.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** By name, as Go writes a query that it has read. */
function sorted(query: URLSearchParams): URLSearchParams {
  const copy = new URLSearchParams(query)
  copy.sort()
  return copy
}

/** A client that follows it would send its credentials to where an aggregated server likes (CVE-2022-3172). */
function isRedirect({ status, headers }: ConnectResponse): boolean {
  return status >= 300 && status <= 399 && headers['location'] !== undefined
}

async function redirected({ body }: ConnectResponse): Promise<Answer> {
  await body[Symbol.asyncIterator]().return?.()
  return textAnswer(502, 'the backend attempted to redirect this request, which is not permitted')
}

/** What a client of this process sends is no bytes yet. */
function bodyOf({ body }: Call): { bytes: AsyncIterable<Uint8Array>; headers?: Headers } | undefined {
  if (body.kind === 'bytes') return { bytes: body.stream() }
  if (body.kind === 'none') return undefined
  const bytes = new TextEncoder().encode(JSON.stringify(body.value))
  return { bytes: one(bytes), headers: { 'content-type': 'application/json' } }
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes)
}
