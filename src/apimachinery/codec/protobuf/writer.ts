const encoder = new TextEncoder()

/** The wire types in use. */
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2

/**
 * Writes a message from its end to its start, so that the length of what is nested is known when it is needed: first
 * the last field, of each field first the value, then its length, then its tag.
 */
export class ProtoWriter {
  #buffer = new Uint8Array(1024)
  /** Where what is written begins. */
  #at = this.#buffer.length

  /** How many bytes are written. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  /** What was written; the writer starts over. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = this.#buffer.slice(this.#at)
    this.#at = this.#buffer.length
    return out
  }

  #reserve(bytes: number): void {
    if (this.#at >= bytes) return
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.length + bytes))
    grown.set(this.#buffer.subarray(this.#at), grown.length - this.length)
    this.#at = grown.length - this.length
    this.#buffer = grown
  }

  tag(number: number, wireType: number): void {
    this.varint((number << 3) | wireType)
  }

  /** A whole number below 2^32. */
  varint(value: number): void {
    this.#reserve(5)
    if (value < 0x80) {
      this.#buffer[--this.#at] = value
      return
    }
    const size = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
    let at = (this.#at -= size)
    let rest = value
    for (let i = 1; i < size; i++) {
      this.#buffer[at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[at] = rest
  }

  /** A whole number of 64 bits; negative ones take ten bytes. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 0x100000000) return this.varint(value)
    const bits = BigInt.asUintN(64, BigInt(value))
    const bytes: number[] = []
    for (let rest = bits; ; rest >>= 7n) {
      const more = rest >= 0x80n
      bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0))
      if (!more) break
    }
    this.bytes(Uint8Array.from(bytes))
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at -= 8
    new DataView(this.#buffer.buffer).setFloat64(this.#at, value, true)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#at -= value.length
    this.#buffer.set(value, this.#at)
  }

  /** A text without its length. */
  text(value: string): void {
    const length = value.length
    this.#reserve(length)
    const start = this.#at - length
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return this.bytes(encoder.encode(value))
      this.#buffer[start + i] = code
    }
    this.#at = start
  }
}
