import { TransportError } from '../transport.ts'
import type { RawWatchEvent } from '../transport.ts'

const NEWLINE = 10
const decoder = new TextDecoder()

/** The watch events of a body: one JSON document per line. Upstream's server ends each with a newline. */
export async function* watchEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<RawWatchEvent> {
  for await (const line of linesOf(body)) yield JSON.parse(line) as RawWatchEvent
}

/** The lines of a body, without their newlines and without empty ones. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let partial: Uint8Array[] = []
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      partial.push(chunk.subarray(start, end))
      const line = textOf(partial)
      partial = []
      start = end + 1
      if (line) yield line
    }
    if (start < chunk.length) partial.push(chunk.subarray(start))
  }
  if (partial.length > 0) throw new TransportError('the watch ended within an event')
}

/** The text of chunks that follow each other. */
export function textOf(chunks: readonly Uint8Array[]): string {
  const [only] = chunks
  if (chunks.length === 1 && only) return decoder.decode(only)
  return Buffer.concat(chunks).toString('utf8')
}
