import type { Registry } from '../registry/served.ts'
import type { RemoteApiService } from './api-service.ts'
import { targetOf, userHeaders } from './proxy.ts'

/** As whom the server itself asks aggregated ones. */
const SELF = { name: 'system:kube-aggregator', groups: ['system:masters'] }
/** A document of more than this is not read. */
const MAX_BYTES = 32 * 1024 * 1024
const TIMEOUT_MS = 5000

export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly text: string
  /** What was asked, for messages. */
  readonly url: string
}

/** Reads a document of an aggregated API server. Rejects when it cannot be found or does not answer in five seconds. */
export async function ask(
  registry: Pick<Registry, 'store' | 'env' | 'connector'>,
  remote: RemoteApiService,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const target = await targetOf(registry, remote, path)
  const url = `https://${target.host}:${target.port}${path}`
  const ended = new AbortController()
  const timer = registry.env.clock.setTimer(() => ended.abort(new Error('context deadline exceeded')), TIMEOUT_MS)
  try {
    const request = { method: 'GET', headers: { ...headers, ...userHeaders(SELF) }, signal: ended.signal }
    const answer = await registry.connector.request(target, request)
    return { status: answer.status, headers: answer.headers, text: await textOf(answer.body, url), url }
  } catch (error) {
    const why = ended.signal.aborted ? (ended.signal.reason as Error) : error
    const words = why instanceof Error ? why.message : String(why)
    throw new Error(`failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${words}`, { cause: error })
  } finally {
    timer.cancel()
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, url: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Error(`the answer from ${url} is larger than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
