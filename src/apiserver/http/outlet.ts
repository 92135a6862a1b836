import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { Paced, SLICE_BYTES } from './paced.ts'

/** Where the parts of a body go. */
export interface Outlet {
  /** Sends bytes that nobody changes any more; those of one event are the same for all who watch. */
  send(bytes: Uint8Array): void
  /** Sends bytes, and resolves when their buffer may be used again, which is as fast as the client reads. Rejects when it has gone. */
  write(bytes: Uint8Array): Promise<void>
  /** How many bytes wait for the client. */
  readonly unread: number
  end(): void
}

/** An outlet to a stream. */
export class StreamOutlet implements Outlet {
  readonly #to: Writable
  readonly #paced: Paced

  constructor(to: Writable) {
    this.#to = to
    this.#paced = new Paced(to)
  }

  get unread(): number {
    return this.#paced.unread
  }

  send(bytes: Uint8Array): void {
    this.#paced.send(bytes)
  }

  write(bytes: Uint8Array): Promise<void> {
    return written(this.#to, bytes)
  }

  end(): void {
    this.#paced.end(() => this.#to.end())
  }
}

/** Events in the chunks of HTTP/1.1 (RFC 9112, 7.1), each framed once for all whom it is sent to. */
export class ChunkFrames {
  readonly #framed = new WeakMap<Uint8Array, Uint8Array>()

  of(bytes: Uint8Array): Uint8Array {
    const known = this.#framed.get(bytes)
    if (known) return known
    const framed = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF])
    this.#framed.set(bytes, framed)
    return framed
  }
}

const CRLF = Buffer.from('\r\n')

/**
 * An outlet past the response's own bookkeeping, straight to its socket: that would frame each event for each client anew, and have it
 * copied once more on its way into TLS.
 */
export class ChunkedOutlet implements Outlet {
  readonly #response: ServerResponse
  readonly #paced: Paced
  readonly #frames: ChunkFrames

  /** The response's head must have been sent, and say that it is chunked. */
  constructor(response: ServerResponse, socket: Writable, frames: ChunkFrames) {
    this.#response = response
    this.#paced = new Paced(socket)
    this.#frames = frames
  }

  get unread(): number {
    return this.#paced.unread
  }

  send(bytes: Uint8Array): void {
    this.#paced.send(this.#frames.of(bytes))
  }

  write(bytes: Uint8Array): Promise<void> {
    return written(this.#response, bytes)
  }

  end(): void {
    this.#paced.end(() => this.#response.end())
  }
}

async function written(to: Writable, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) await sliceWritten(to, bytes.subarray(at, at + SLICE_BYTES))
}

function sliceWritten(to: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the client has gone'))
    to.once('close', onClose)
    to.write(bytes, (error) => {
      to.off('close', onClose)
      if (error) reject(error)
      else resolve()
    })
  })
}
