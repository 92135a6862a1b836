/** One line of a container's log, or a part of one. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as the runtime wrote it. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line goes on in the next one. */
  readonly partial: boolean
  /** With its newline, but for a part. */
  readonly content: Uint8Array
}

const SPACE = 0x20
const NEWLINE = 0x0a
const decoder = new TextDecoder()

/**
 * Reads one line of the CRI's log format (kubernetes/design-proposals, cri container stdio): `time stream tags content`.
 * Undefined for what is none.
 */
export function parseLogLine(line: Uint8Array): LogLine | undefined {
  const timeEnd = line.indexOf(SPACE)
  const streamEnd = line.indexOf(SPACE, timeEnd + 1)
  const tagsEnd = line.indexOf(SPACE, streamEnd + 1)
  if (timeEnd < 0 || streamEnd < 0 || tagsEnd < 0) return undefined
  const stream = decoder.decode(line.subarray(timeEnd + 1, streamEnd))
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const tags = decoder.decode(line.subarray(streamEnd + 1, tagsEnd)).split(':')
  const partial = tags[0] === 'P'
  const rest = line.subarray(tagsEnd + 1)
  const content = partial && rest.at(-1) === NEWLINE ? rest.subarray(0, -1) : rest
  return { time: decoder.decode(line.subarray(0, timeEnd)), stream, partial, content }
}

/** Splits bytes that come in pieces into lines with their newline. */
export class LineSplitter {
  #rest: Uint8Array = new Uint8Array()

  /** What is left without a newline. */
  rest(): Uint8Array {
    return this.#rest
  }

  /** The lines that are complete with this piece. */
  *push(piece: Uint8Array): Iterable<Uint8Array> {
    let bytes = this.#rest.length > 0 ? concat(this.#rest, piece) : piece
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      yield bytes.subarray(0, end + 1)
      bytes = bytes.subarray(end + 1)
    }
    this.#rest = bytes.slice()
  }
}

/** Joins two pieces. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
