import {
  badRequest,
  type FieldError,
  fieldForbidden,
  internalError,
  invalid,
  invalidObject,
  StatusError,
} from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { Call } from '../../request/call.ts'
import { isTrue } from '../../request/info.ts'
import { wholeNumber } from '../../request/query.ts'
import type { Answer } from '../answer.ts'
import type { Registry } from '../served.ts'
import type { Subresource } from '../subresources/subresource.ts'
import type { ConnectResponse } from './connector.ts'
import { containerOf, getPod, kubeletTarget } from './location.ts'

/** A refusal of the kubelet is read up to here. */
const MAX_REFUSAL_BYTES = 50_000

/** pods/log: streams a container's log from its node. */
export const logSubresource: Subresource = {
  verbs: ['get'],
  passesOn: true,
  async answer(registry, _resource, call) {
    const query = logQuery(call)
    const { namespace, name } = call.info
    const pod = await getPod(registry, namespace, name)
    const container = containerOf(pod, call.query.get('container') ?? '')
    const node = pod.spec.nodeName
    // Nothing to tell yet: upstream answers with no content.
    if (!node) return { type: 'raw', status: 204, headers: {}, body: '' }
    const path = `/containerLogs/${namespace}/${name}/${container}?${query}`
    const target = await kubeletTarget(registry, node, path)
    const insecure = isTrue(call.query.get('insecureSkipTLSVerifyBackend'))
    return logAnswer(registry, call, await ask(registry, call, { ...target, insecure }))
  },
}

function ask(
  registry: Registry,
  call: Call,
  target: Parameters<Registry['connector']['request']>[0],
): Promise<ConnectResponse> {
  return registry.connector
    .request(target, { method: 'GET', headers: {}, signal: call.signal })
    .catch((error: unknown) => {
      if (error instanceof StatusError) throw error
      const { scheme, host, port, path } = target
      const why = error instanceof Error ? error.message : 'unknown error'
      throw internalError(new Error(`Get "${scheme}://${host}:${port}${path}": ${why}`))
    })
}

async function logAnswer(_registry: Registry, call: Call, response: ConnectResponse): Promise<Answer> {
  const { status, headers, body } = response
  if (status >= 200 && status <= 206) {
    return { type: 'stream', status: 200, headers: { 'content-type': 'text/plain' }, body }
  }
  const text = await textOf(body)
  const location = headers['location']
  // It would be followed with the API server's own rights (CVE-2020-8559).
  if (status >= 300 && status <= 399 && location !== undefined) {
    throw internalError(new Error(`Get ${JSON.stringify(String(location))}: redirects forbidden`))
  }
  throw refusal(status, text, call.info.name)
}

/** A kubelet's refusal as upstream passes it on. */
function refusal(status: number, text: string, name: string): StatusError {
  if (status === 500) return internalError(new Error(text))
  if (status === 400) return badRequest(text)
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the server could not find the requested resource ( pods/log ${name})`,
    reason: status === 404 ? 'NotFound' : 'Unknown',
    details: { name, kind: 'pods/log', causes: [{ reason: 'UnexpectedServerResponse', message: text }] },
    code: status,
  })
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_REFUSAL_BYTES) break
  }
  return text
}

/** The kubelet's query for PodLogOptions. Throws 400 and 422. */
function logQuery({ query, info }: Call): string {
  const tailLines = integer(query, 'tailLines')
  const limitBytes = integer(query, 'limitBytes')
  const sinceSeconds = integer(query, 'sinceSeconds')
  const sinceTime = query.get('sinceTime') ?? ''
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) throw badRequest(notATime(sinceTime))
  const errors: FieldError[] = []
  if (tailLines !== undefined && tailLines < 0) {
    errors.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'))
  }
  if (limitBytes !== undefined && limitBytes < 1)
    errors.push(invalid('limitBytes', limitBytes, 'must be greater than 0'))
  if (sinceSeconds !== undefined && sinceTime) {
    errors.push(fieldForbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  // Streams apart are behind a gate that is closed.
  if (query.get('stream')) errors.push(fieldForbidden('stream', 'may not be specified'))
  if (errors.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, info.name, errors)
  const out = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps']) if (isTrue(query.get(name))) out.set(name, 'true')
  if (sinceSeconds !== undefined) out.set('sinceSeconds', String(sinceSeconds))
  if (sinceTime) out.set('sinceTime', sinceTime)
  if (tailLines !== undefined) out.set('tailLines', String(tailLines))
  if (limitBytes !== undefined) out.set('limitBytes', String(limitBytes))
  out.set('stream', 'All')
  return out.toString()
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  return text === null ? undefined : wholeNumber(text)
}

/** In the words of Go's time.Parse. */
function notATime(text: string): string {
  const quoted = goQuote(text)
  return `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`
}
