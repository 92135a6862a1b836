import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { getCACertificates } from 'node:tls'
import { goQuote } from '../../lib/quote.ts'
import type { Fetch, FetchAnswer, FetchRequest } from '../authn/jwt/fetch.ts'
import { inGosWords } from './go-errors.ts'
import { signedBy } from './server-identity.ts'

export interface IssuerFetchOptions {
  /** How long an answer may take, redirects and all. */
  readonly timeoutMs?: number
  /** A longer answer is not read. */
  readonly maxBytes?: number
}

const TIMEOUT_MS = 30_000
const MAX_BYTES = 1024 * 1024
/** As many as a client of Go follows. */
const MAX_REDIRECTS = 10

/** Gets the documents of issuers over https, from wherever they lead to over https. */
export function issuerFetch({ timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES }: IssuerFetchOptions = {}): Fetch {
  return async (request) => {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)])
    let { url, headers = {} } = request
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await get({ ...request, url, signal, headers }, maxBytes)
      const next = redirectOf(answer, url)
      if (next === undefined) return answer
      // What is for one host is not told to another.
      if (new URL(next).host !== new URL(url).host) headers = {}
      url = next
    }
    throw new Error(`Get ${goQuote(url)}: stopped after ${MAX_REDIRECTS} redirects`)
  }
}

function redirectOf({ status, headers }: FetchAnswer, from: string): string | undefined {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  return new URL(location, from).href
}

function get({ url, ca, headers = {}, signal }: FetchRequest, maxBytes: number): Promise<FetchAnswer> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const failed = (why: string, cause?: unknown): Error => new Error(`Get ${goQuote(url)}: ${why}`, { cause })
  if (protocol !== 'https:')
    return Promise.reject(failed(`unsupported protocol scheme ${goQuote(protocol.slice(0, -1))}`))
  const host = hostname.replace(/^\[|\]$/g, '')
  const target = { host, port: Number(port) || 443 }
  const options: RequestOptions = {
    ...target,
    path: `${pathname}${search}`,
    // Those that the host trusts, not those that came with the runtime.
    ...signedBy(ca ?? getCACertificates('system')),
    headers: { 'user-agent': 'kube-apiserver', accept: 'application/json, */*', ...headers },
    signal,
    agent: false,
  }
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options, (response) => void read(response, maxBytes).then(resolve, reject))
    outgoing.once('error', (error) => {
      const why = signal.aborted ? 'context deadline exceeded' : inGosWords(error, host, target).message
      reject(failed(why, error))
    })
    outgoing.end()
  })
}

async function read(response: IncomingMessage, maxBytes: number): Promise<FetchAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`http: response body larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const)
  return {
    status: response.statusCode ?? 502,
    statusText: response.statusMessage ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks, length).toString(),
  }
}
