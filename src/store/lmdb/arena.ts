import { Buffer } from 'node:buffer'

const CHUNK_BYTES = 2 ** 16

/** Room for many small pieces in few allocations: an allocation costs more than a small copy. Freed as a whole. */
export class Arena {
  #chunk = Buffer.alloc(0)
  #used = 0

  /** The bytes are not cleared. */
  take(length: number): Buffer {
    if (length > CHUNK_BYTES / 4) return Buffer.allocUnsafeSlow(length)
    this.#makeRoom(length)
    const start = this.#used
    this.#used += length
    return this.#chunk.subarray(start, this.#used)
  }

  copy(bytes: Buffer, start: number, end: number): Uint8Array {
    const length = end - start
    if (length > CHUNK_BYTES / 4) return copyAlone(bytes, start, end)
    this.#makeRoom(length)
    bytes.copy(this.#chunk, this.#used, start, end)
    this.#used += length
    return new Uint8Array(this.#chunk.buffer, this.#used - length, length)
  }

  #makeRoom(length: number): void {
    if (this.#used + length <= this.#chunk.length) return
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.#used = 0
  }
}

/** A copy that keeps nothing else alive. */
export function copyAlone(bytes: Buffer, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end)
}
