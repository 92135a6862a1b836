import { constants, createGzip, gzip } from 'node:zlib'
import type { RequestHeaders } from '../authn/types.ts'
import type { EncodedStream } from '../encode/encoded.ts'
import type { OutgoingHeaders } from './exchange.ts'
import { gzipMember, gzipPart } from './gzip-member.ts'

/** Smaller answers are sent as they are, as upstream. */
const THRESHOLD_BYTES = 128 * 1024
const LEVEL = constants.Z_BEST_SPEED

/** Whether the client takes gzip. */
export function wantsGzip(headers: RequestHeaders): boolean {
  const encodings = headers['accept-encoding']
  return typeof encodings === 'string' && encodings.split(',').some((encoding) => encoding.trim() === 'gzip')
}

/** Whether a body is large enough, and not compressed already. */
export function worthCompressing(body: Uint8Array | string, headers: OutgoingHeaders): boolean {
  return body.length > THRESHOLD_BYTES && headers['content-encoding'] === undefined
}

/** The body in gzip; the headers say so. */
export function compressed(body: Uint8Array | string, headers: OutgoingHeaders): Promise<Uint8Array> {
  markGzip(headers)
  return new Promise((resolve, reject) => {
    gzip(body, { level: LEVEL }, (error, result) => (error ? reject(error) : resolve(result)))
  })
}

/** A kept list in gzip: its items are compressed once for all who ask, its head and tail each time. */
export async function compressedKept(
  { head, items, tail }: NonNullable<EncodedStream['kept']>,
  headers: OutgoingHeaders,
): Promise<readonly Uint8Array[] | undefined> {
  if (items.parts.reduce((sum, part) => sum + part.length, 0) <= THRESHOLD_BYTES) return undefined
  markGzip(headers)
  const middle = items.derived('gzip', () => Promise.all(items.parts.map((part) => gzipPart(part))))
  return gzipMember([await gzipPart(head), ...(await middle), await gzipPart(tail, true)])
}

/** The parts in gzip when their first one, or first two, are worth it. */
export async function compressing(
  parts: AsyncIterable<Uint8Array>,
  headers: OutgoingHeaders,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = parts[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let length = 0
  while (length <= THRESHOLD_BYTES) {
    const { done, value } = await iterator.next()
    if (done) return toAsync(held)
    held.push(value.slice())
    length += value.length
  }
  markGzip(headers)
  return gzipped(held, iterator)
}

function markGzip(headers: OutgoingHeaders): void {
  headers['content-encoding'] = 'gzip'
  headers['vary'] = 'Accept-Encoding'
}

async function* toAsync(parts: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* parts
}

async function* gzipped(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  const zip = createGzip({ level: LEVEL })
  const feed = async (): Promise<void> => {
    for (const part of held) await taken(zip, part)
    for (;;) {
      const { done, value } = await rest.next()
      if (done) break
      await taken(zip, value)
    }
    zip.end()
  }
  feed().catch((error: unknown) => zip.destroy(error instanceof Error ? error : new Error('compression failed')))
  yield* zip as AsyncIterable<Uint8Array>
}

/** Resolves when the bytes have been compressed, and their buffer may be used again. */
function taken(zip: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => zip.write(bytes, (error) => (error ? reject(error) : resolve())))
}
