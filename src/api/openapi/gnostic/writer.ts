/** Writes protobuf's wire format. Messages inside messages are written by a writer of their own and then copied in. */
export class ProtoWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  string(field: number, value: string): void {
    this.#delimited(field, utf8.encode(value))
  }

  bool(field: number, value: boolean): void {
    this.#varint(field << 3)
    this.#varint(value ? 1 : 0)
  }

  /** A non-negative integer below 2^53. */
  integer(field: number, value: number): void {
    this.#varint(field << 3)
    this.#varint(value)
  }

  double(field: number, value: number): void {
    this.#varint((field << 3) | 1)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value, true)
    this.#append(bytes)
  }

  message(field: number, write: (writer: ProtoWriter) => void): void {
    const inner = new ProtoWriter()
    write(inner)
    this.#delimited(field, inner.finish())
  }

  /** What was written so far. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #delimited(field: number, bytes: Uint8Array): void {
    this.#varint((field << 3) | 2)
    this.#varint(bytes.length)
    this.#append(bytes)
  }

  #varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

const utf8 = new TextEncoder()
