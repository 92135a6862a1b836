import type { Writable } from 'node:stream'

/** What a stream is given at a time. TLS encrypts all it is given, for each client apart; what waits before it is shared by all who watch. */
export const SLICE_BYTES = 64 * 1024

/** Gives a stream what is sent to it as fast as the client reads, so that an event of a megabyte is not encrypted for a thousand who do not. */
export class Paced {
  readonly #to: Writable
  #waiting: Uint8Array[] = []
  #bytes = 0
  #giving = false
  #ended: (() => void) | undefined

  constructor(to: Writable) {
    this.#to = to
  }

  /** How many bytes wait for the client. */
  get unread(): number {
    return this.#to.writableLength + this.#bytes
  }

  send(bytes: Uint8Array): void {
    const atOnce = this.#bytes === 0 && this.#to.writableLength + bytes.length <= SLICE_BYTES
    if (atOnce) return void this.#to.write(bytes)
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (!this.#giving) this.#give()
  }

  /** Calls `ended` when all is given. */
  end(ended: () => void): void {
    if (this.#bytes === 0) ended()
    else this.#ended = ended
  }

  /** Gives a slice, and the next when that was taken. */
  #give(): void {
    this.#giving = true
    const slices = this.#next()
    const last = slices.pop() ?? NOTHING
    // Small events go into one record of TLS.
    this.#to.cork()
    for (const slice of slices) this.#to.write(slice)
    this.#to.write(last, (error) => this.#given(error))
    this.#to.uncork()
  }

  #given(error: Error | null | undefined): void {
    this.#giving = false
    if (error) {
      this.#waiting = []
      this.#bytes = 0
    } else if (this.#bytes > 0) this.#give()
    else this.#ended?.()
  }

  /** Takes as much as makes a slice. */
  #next(): Uint8Array[] {
    const slices: Uint8Array[] = []
    let room = SLICE_BYTES
    for (const bytes of this.#waiting) {
      if (room === 0) break
      const slice = bytes.subarray(0, room)
      slices.push(slice)
      room -= slice.length
    }
    const last = slices.length - 1
    const rest = this.#waiting[last]?.subarray(slices[last]?.length)
    if (rest && rest.length > 0) this.#waiting.splice(0, last + 1, rest)
    else this.#waiting.splice(0, last + 1)
    this.#bytes -= SLICE_BYTES - room
    return slices
  }
}

const NOTHING = new Uint8Array(0)
