import { isFileError, type Files } from '../host/files.ts'
import { concat, LineSplitter, parseLogLine, type LogLine } from './cri-log.ts'
import { rotated } from './rotation.ts'

/** What is asked of a log (core/v1 PodLogOptions). */
export interface LogOptions {
  readonly follow: boolean
  readonly timestamps: boolean
  /** Only lines from this time on, in ms since the epoch. */
  readonly sinceMs?: number
  /** Only this many lines from the end. */
  readonly tailLines?: number
  /** No more than this many bytes in all. */
  readonly limitBytes?: number
  readonly stream?: 'stdout' | 'stderr'
}

const BLOCK_BYTES = 64 * 1024
const encoder = new TextEncoder()

/**
 * The lines of a container's log as `kubectl logs` shows them. With `follow` it goes on until the signal aborts, or until
 * `ended` does, which says that the container writes no more, and all that it wrote has been read; across rotations of the file.
 */
export async function* readLog(
  files: Files,
  path: string,
  options: LogOptions,
  ended: AbortSignal,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  let left = options.limitBytes ?? Infinity
  const start = options.tailLines === undefined ? 0 : await tailOffset(files, path, options.tailLines)
  for await (const line of options.follow
    ? followLines(files, path, start, ended, signal)
    : fileLines(files, path, start)) {
    const bytes = shown(line, options)
    if (!bytes) continue
    if (bytes.length >= left) {
      if (left > 0) yield bytes.subarray(0, left)
      return
    }
    left -= bytes.length
    yield bytes
  }
}

function shown(line: LogLine, { timestamps, sinceMs, stream }: LogOptions): Uint8Array | undefined {
  if (stream !== undefined && line.stream !== stream) return undefined
  if (sinceMs !== undefined && Date.parse(line.time) < sinceMs) return undefined
  return timestamps ? concat(encoder.encode(`${line.time} `), line.content) : line.content
}

async function* fileLines(files: Files, path: string, start: number): AsyncIterable<LogLine> {
  const splitter = new LineSplitter()
  yield* linesFrom(files, path, start, splitter)
}

async function* linesFrom(
  files: Files,
  path: string,
  start: number,
  splitter: LineSplitter,
): AsyncGenerator<LogLine, number> {
  let offset = start
  for (;;) {
    const block = await files.readAt(path, offset, BLOCK_BYTES)
    if (block.length === 0) return offset
    offset += block.length
    for (const line of splitter.push(block)) {
      const parsed = parseLogLine(line)
      if (parsed) yield parsed
    }
  }
}

/** Reads on as the file grows; when rotation has put another file in its place, the old one is read to its end first. */
async function* followLines(
  files: Files,
  path: string,
  start: number,
  ended: AbortSignal,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  let offset = start
  let inode = (await files.stat(path))?.inode
  let splitter = new LineSplitter()
  for await (const last of changesUntil(files, path, ended, signal)) {
    const now = await files.stat(path)
    if (now && now.inode !== inode) {
      const old = await withInode(files, await rotated(files, path), inode)
      if (old !== undefined) yield* linesFrom(files, old, offset, splitter)
      ;({ inode } = now)
      offset = 0
      splitter = new LineSplitter()
    }
    if (now) offset = yield* linesFrom(files, path, offset, splitter)
    if (last) return
  }
}

/** Yields when there may be more to read: false while the container may write, then once true. */
async function* changesUntil(
  files: Files,
  path: string,
  ended: AbortSignal,
  signal: AbortSignal,
): AsyncIterable<boolean> {
  for await (const _ of files.changes(path, AbortSignal.any([ended, signal]))) yield false
  // What was written before the end is read after it.
  if (!signal.aborted) yield true
}

async function withInode(
  files: Files,
  paths: readonly string[],
  inode: number | undefined,
): Promise<string | undefined> {
  for (const path of paths) if ((await files.stat(path))?.inode === inode) return path
  return undefined
}

/** Where the last `lines` lines of a file begin. A line in parts counts once for each part, as upstream counts. */
async function tailOffset(files: Files, path: string, lines: number): Promise<number> {
  const size = (await files.stat(path))?.size ?? 0
  if (lines === 0) return size
  let end = size
  let seen = 0
  while (end > 0) {
    const begin = Math.max(0, end - BLOCK_BYTES)
    const block = await files.readAt(path, begin, end - begin)
    for (let i = block.length - 1; i >= 0; i--) {
      // The newline that ends the file begins no line.
      if (block[i] !== 0x0a || begin + i === size - 1) continue
      seen++
      if (seen === lines) return begin + i + 1
    }
    end = begin
  }
  return 0
}

/** The end of a log as text, for the message of a container that failed. Empty when there is no log. */
export async function logTail(files: Files, path: string, lines: number, bytes: number): Promise<string> {
  try {
    let text = new Uint8Array()
    for await (const line of fileLines(files, path, await tailOffset(files, path, lines)))
      text = new Uint8Array(concat(text, line.content))
    return new TextDecoder().decode(text.subarray(Math.max(0, text.length - bytes)))
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return ''
    throw error
  }
}
