import { constants, crc32, deflateRaw } from 'node:zlib'

/** A stretch of bytes, compressed by itself so that it can stand in any gzip file (RFC 1952). */
export interface GzipPart {
  /** Deflate blocks (RFC 1951) that end at a byte and refer to nothing before them. */
  readonly blocks: Uint8Array
  readonly crc: number
  readonly length: number
}

/** Compresses a part; `last` ends the file. */
export function gzipPart(bytes: Uint8Array, last = false): Promise<GzipPart> {
  const finishFlush = last ? constants.Z_FINISH : constants.Z_FULL_FLUSH
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, { level: constants.Z_BEST_SPEED, finishFlush }, (error, blocks) => {
      if (error) reject(error)
      else resolve({ blocks, crc: crc32(bytes), length: bytes.length })
    })
  })
}

/** The fixed header: deflate, no name, no time, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)

/** One gzip file of these parts, of which the last was compressed as such. Not several members: some clients read only the first. */
export function gzipMember(parts: readonly GzipPart[]): Uint8Array[] {
  let crc = 0
  let length = 0
  for (const part of parts) {
    crc = joinCrcs(crc, part.crc, part.length)
    length += part.length
  }
  const trailer = new DataView(new ArrayBuffer(8))
  trailer.setUint32(0, crc, true)
  trailer.setUint32(4, length, true)
  return [HEADER, ...parts.map(({ blocks }) => blocks), new Uint8Array(trailer.buffer)]
}

/** CRC-32's polynomial with its bits reversed; x^0 is the highest bit. */
const POLYNOMIAL = 0xedb88320
const ONE = 0x80000000

/** The checksum of two stretches in a row, of their own checksums: the first is moved past the second's bits (Mark Adler's method). */
function joinCrcs(first: number, second: number, secondLength: number): number {
  return (multiply(powerOfX(secondLength), first) ^ second) >>> 0
}

/** x to the power of 8 × `bytes`, modulo the polynomial. */
function powerOfX(bytes: number): number {
  let power = ONE
  // x^8, then its squares.
  let square = ONE >>> 8
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power)
    square = multiply(square, square)
  }
  return power
}

function multiply(a: number, b: number): number {
  let product = 0
  let times = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= times
    times = times & 1 ? (times >>> 1) ^ POLYNOMIAL : times >>> 1
  }
  return product >>> 0
}
