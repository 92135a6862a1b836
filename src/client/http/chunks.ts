import { constants, type ClientHttp2Stream } from 'node:http2'

/** So much may wait to be read before the stream is paused. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * The body of an HTTP/2 stream. It is taken off the stream as it comes, from now on, since a server that answers before it has read all
 * of the request resets the stream after its answer (RFC 9113, 8.1), and Node then throws away what nobody has taken. Throws
 * `broken()` when the stream ended otherwise than by its end or such a reset.
 */
export function chunksOf(stream: ClientHttp2Stream, broken: () => Error): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = []
  let bytes = 0
  let isOver = stream.destroyed
  let wake = (): void => undefined
  stream.on('data', (chunk: Uint8Array) => {
    waiting.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_WAITING_BYTES) stream.pause()
    wake()
  })
  stream.once('close', () => {
    isOver = true
    wake()
  })
  return read()

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
          bytes -= chunk.length
          if (stream.isPaused() && bytes < MAX_WAITING_BYTES / 2) stream.resume()
          yield chunk
        }
        if (isOver) break
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL)
    }
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw broken()
  }
}
