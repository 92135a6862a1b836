import type { Call } from '../../request/call.ts'
import type { StreamAnswer } from '../answer.ts'
import type { ConnectTarget } from './connector.ts'
import { rewriteAddress, rewriteLinks } from './html-links.ts'

type Passed = Omit<StreamAnswer, 'type'>

/** A page larger than this keeps its links as they are. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024

/** Redirects, and links in pages, lead to the proxy and not past it. */
export async function withOwnLinks(call: Call, target: ConnectTarget, passed: Passed): Promise<StreamAnswer> {
  const prefix = call.info.path.slice(0, call.info.path.length - call.info.rest.length).replace(/\/$/, '')
  const host = `${target.host}:${target.port}`
  const headers = { ...passed.headers }
  const location = headers['location']
  if (typeof location === 'string') headers['location'] = rewriteAddress(location, prefix, host)
  const isPlainPage = /^text\/html\b/i.test(String(headers['content-type'] ?? '')) && !headers['content-encoding']
  if (!isPlainPage) return { type: 'stream', ...passed, headers }
  const page = await startOf(passed.body, MAX_PAGE_BYTES)
  if (page.more) return { type: 'stream', ...passed, headers, body: joined(page.start, page.more) }
  const text = rewriteLinks(new TextDecoder().decode(page.start), prefix, host)
  return { type: 'stream', ...passed, headers, body: joined(new TextEncoder().encode(text)) }
}

/** The whole body, or its first `limit` bytes and the rest. */
async function startOf(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ start: Uint8Array; more?: AsyncIterator<Uint8Array> }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const iterator = body[Symbol.asyncIterator]()
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value)
    bytes += next.value.length
    if (bytes > limit) return { start: concatenated(chunks, bytes), more: iterator }
  }
  return { start: concatenated(chunks, bytes) }
}

function concatenated(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

async function* joined(start: Uint8Array, more?: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield start
  for (let next = await more?.next(); next && !next.done; next = await more?.next()) yield next.value
}
