/**
 * A snapshot file, the same for every kind of store:
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `SKIFFSN` and the version of the format, 1 |
 * | | gzip of: the head, the entries, the end |
 * | 32 | SHA-256 of all bytes before |
 *
 * The head is a length (4) and JSON. An entry is the length of its key (4) and of its value (4), createRevision, modRevision and when it
 * deletes itself (8 each, doubles), key and value. The end is a key's length of 0 and how many entries there were (4). Big-endian all.
 */
import { Buffer } from 'node:buffer'
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { StoreError } from '../store.ts'
import type { SnapshotEntry } from './snapshot.ts'

const MAGIC = Buffer.from('SKIFFSN')
const VERSION = 1
const START_BYTES = MAGIC.length + 1
const HASH_BYTES = 32
const ENTRY_HEAD_BYTES = 4 + 4 + 3 * 8

/** What a snapshot says of itself. */
export interface SnapshotHead {
  readonly revision: number
  /** In ms since the epoch. */
  readonly savedMs: number
  /** What kind of store it was taken of. */
  readonly store: string
}

/** Writes a snapshot in one step: the file is there whole, on the disk, or not at all. Returns how many entries it holds. */
export async function writeSnapshot(
  path: string,
  head: SnapshotHead,
  entries: AsyncIterable<SnapshotEntry>,
): Promise<number> {
  const part = `${path}.${process.pid}.part`
  const file = await open(part, 'wx', 0o600)
  const counted = { keys: 0 }
  try {
    const hash = createHash('sha256')
    await append(file, hash, Buffer.concat([MAGIC, Buffer.of(VERSION)]))
    const packed = Readable.from(records(head, entries, counted), { objectMode: true }).compose(
      createGzip({ level: 1 }),
    )
    for await (const chunk of packed) await append(file, hash, chunk as Buffer)
    await file.write(hash.digest())
    await file.sync()
    await file.close()
    await rename(part, path)
    return counted.keys
  } catch (error) {
    await file.close()
    await rm(part, { force: true })
    throw error
  }
}

async function append(file: FileHandle, hash: Hash, bytes: Buffer): Promise<void> {
  hash.update(bytes)
  await file.write(bytes)
}

/** The content in pieces of some size, so that gzip is not handed every little one. */
async function* records(
  head: SnapshotHead,
  entries: AsyncIterable<SnapshotEntry>,
  counted: { keys: number },
): AsyncIterable<Buffer> {
  const text = Buffer.from(JSON.stringify(head))
  let pieces: Uint8Array[] = [uint32(text.length), text]
  let size = 0
  for await (const entry of entries) {
    const record = [...encodeEntry(entry)]
    counted.keys++
    pieces.push(...record)
    size += record.reduce((sum, piece) => sum + piece.length, 0)
    if (size < 65_536) continue
    yield Buffer.concat(pieces)
    pieces = []
    size = 0
  }
  yield Buffer.concat([...pieces, uint32(0), uint32(counted.keys)])
}

function* encodeEntry({ key, value, createRevision, modRevision, dueMs }: SnapshotEntry): Iterable<Uint8Array> {
  const name = Buffer.from(key)
  const head = Buffer.alloc(ENTRY_HEAD_BYTES)
  head.writeUInt32BE(name.length, 0)
  head.writeUInt32BE(value.length, 4)
  for (const [i, number] of [createRevision, modRevision, dueMs].entries()) head.writeDoubleBE(number, 8 + i * 8)
  yield head
  yield name
  yield value
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A snapshot file whose checksum is right. */
export interface SnapshotFile {
  readonly head: SnapshotHead
  readonly fileBytes: number
  readonly sha256: string
  /** To be read once. */
  readonly entries: AsyncIterable<SnapshotEntry>
}

/** Checks a snapshot file and begins to read it. Throws StoreError saying what is wrong with it. */
export async function readSnapshot(path: string): Promise<SnapshotFile> {
  const { size } = await stat(path)
  const sha256 = await check(path, size)
  const packed = createReadStream(path, { start: START_BYTES, end: size - HASH_BYTES - 1 })
  const bytes = new ByteReader(packed.compose(createGunzip()) as AsyncIterable<Buffer>)
  const length = (await bytes.take(4)).readUInt32BE()
  const head = JSON.parse((await bytes.take(length)).toString()) as SnapshotHead
  return { head, fileBytes: size, sha256, entries: entriesOf(bytes) }
}

async function check(path: string, size: number): Promise<string> {
  const start = Buffer.alloc(START_BYTES)
  const end = Buffer.alloc(HASH_BYTES)
  const file = await open(path, 'r')
  try {
    await file.read(start, 0, START_BYTES, 0)
    await file.read(end, 0, HASH_BYTES, Math.max(0, size - HASH_BYTES))
  } finally {
    await file.close()
  }
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw new StoreError(`${path} is not a snapshot of skiff`)
  if (start[MAGIC.length] !== VERSION)
    throw new StoreError(
      `${path} is a snapshot of format ${start[MAGIC.length]}, and this version of skiff knows only format ${VERSION}: use the version that saved it`,
    )
  const hash = createHash('sha256')
  if (size > START_BYTES + HASH_BYTES)
    for await (const chunk of createReadStream(path, { end: size - HASH_BYTES - 1 })) hash.update(chunk as Buffer)
  const found = hash.digest()
  if (!found.equals(end)) throw new StoreError(`${path} is damaged or incomplete: its checksum is wrong`)
  return found.toString('hex')
}

async function* entriesOf(bytes: ByteReader): AsyncIterable<SnapshotEntry> {
  for (let count = 0; ; count++) {
    const keyBytes = (await bytes.take(4)).readUInt32BE()
    const valueBytes = (await bytes.take(4)).readUInt32BE()
    if (keyBytes === 0) {
      if (valueBytes === count) return
      throw new StoreError(`the snapshot holds ${count} keys, and says that it holds ${valueBytes}`)
    }
    const rest = await bytes.take(ENTRY_HEAD_BYTES - 8 + keyBytes + valueBytes)
    const keyStart = ENTRY_HEAD_BYTES - 8
    yield {
      createRevision: rest.readDoubleBE(0),
      modRevision: rest.readDoubleBE(8),
      dueMs: rest.readDoubleBE(16),
      key: rest.toString('utf8', keyStart, keyStart + keyBytes),
      value: rest.subarray(keyStart + keyBytes),
    }
  }
}

/** Takes so many bytes at a time from chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(count: number): Promise<Buffer> {
    const pieces = [this.#rest]
    for (let size = this.#rest.length; size < count;) {
      const { done, value } = await this.#chunks.next()
      if (done) throw new StoreError('the snapshot ends too early')
      pieces.push(value)
      size += value.length
    }
    const all = pieces.length === 1 ? this.#rest : Buffer.concat(pieces)
    this.#rest = all.subarray(count)
    return all.subarray(0, count)
  }
}
