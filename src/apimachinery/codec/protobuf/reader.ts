import { DecodeError } from '../errors.ts'
import { BYTES, FIXED64, VARINT } from './writer.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads a message field by field. Every length is checked against what is there. Throws DecodeError. */
export class ProtoReader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** The number and wire type of the next field: `number << 3 | wireType`. */
  tag(): number {
    const tag = this.uint32()
    if (tag >>> 3 === 0) throw new DecodeError(`proto: illegal tag ${tag >>> 3} (wire type ${tag})`)
    return tag
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined
    if (byte === undefined) throw unexpectedEnd()
    return byte
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte()
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new DecodeError('proto: integer overflow')
  }

  /** A varint as a signed number of 64 bits; a bigint beyond what a double holds. */
  int64(): number | bigint {
    const first = this.#byte()
    if (first < 0x80) return first
    let value = BigInt(first & 0x7f)
    for (let shift = 7n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte >= 0x80) continue
      const signed = BigInt.asIntN(64, value)
      return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
    }
    throw new DecodeError('proto: integer overflow')
  }

  double(): number {
    const at = this.#skip(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true)
  }

  /** The content of a length-delimited field, not copied. */
  bytes(): Uint8Array {
    const start = this.#skip(this.uint32())
    return this.#bytes.subarray(start, this.#at)
  }

  text(): string {
    const start = this.#skip(this.uint32())
    const end = this.#at
    if (end - start > 24) return decoder.decode(this.#bytes.subarray(start, end))
    let text = ''
    for (let at = start; at < end; at++) {
      const byte = this.#bytes[at] ?? 0
      if (byte >= 0x80) return decoder.decode(this.#bytes.subarray(start, end))
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** A reader of a nested message. */
  message(): ProtoReader {
    const start = this.#skip(this.uint32())
    return new ProtoReader(this.#bytes, start, this.#at)
  }

  /** Passes a field that is not known. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.int64()
    else if (wireType === FIXED64) this.#skip(8)
    else if (wireType === BYTES) this.#skip(this.uint32())
    else if (wireType === 5) this.#skip(4)
    else throw new DecodeError(`proto: illegal wireType ${wireType}`)
  }

  #skip(length: number): number {
    const start = this.#at
    if (length > this.#end - start) throw unexpectedEnd()
    this.#at = start + length
    return start
  }
}

const unexpectedEnd = (): DecodeError => new DecodeError('unexpected EOF')
