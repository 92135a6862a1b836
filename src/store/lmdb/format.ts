/**
 * The bytes on disk. A record is one event of the log:
 *
 * | at | bytes | what |
 * |---|---|---|
 * | 0 | 1 | 1: put, 2: delete |
 * | 1 | 1 | 0 |
 * | 2 | 2 | length of the key |
 * | 4 | 6 | createRevision of the entry put or deleted |
 * | 10 | 6 | revision of the key's event before this one, deletes included; 0: none |
 * | 16 | 6 | when it was written, ms since the epoch |
 * | 22 | 6 | when the entry deletes itself, ms since the epoch; 0: never |
 * | 28 | | the key, then the value |
 *
 * All numbers are big-endian and unsigned.
 */
import { Buffer } from 'node:buffer'

/** Stands in the store; another one is refused. Raise it when anything in this file or the tables' meaning changes. */
export const FORMAT_VERSION = 1

/** What a record is made of, besides its key and value. */
export interface RecordHead {
  readonly createRevision: number
  readonly priorRevision: number
  readonly timeMs: number
  readonly dueMs: number
}

const PUT = 1
const DELETE = 2
const HEAD_BYTES = 28
const NUMBER_BYTES = 6

/** The bytes that `encodeRecord` will take for a key of at most so many UTF-16 units: an upper bound. */
export function recordBytesAtMost(key: string, value: Uint8Array | null): number {
  return HEAD_BYTES + key.length * 3 + (value?.length ?? 0)
}

/** Writes a record at the start of `target`, and returns its length. A null value makes it a delete. */
export function encodeRecord(target: Buffer, key: string, value: Uint8Array | null, head: RecordHead): number {
  const keyBytes = target.write(key, HEAD_BYTES)
  target[0] = value ? PUT : DELETE
  target[1] = 0
  target.writeUInt16BE(keyBytes, 2)
  target.writeUIntBE(head.createRevision, 4, NUMBER_BYTES)
  target.writeUIntBE(head.priorRevision, 10, NUMBER_BYTES)
  target.writeUIntBE(head.timeMs, 16, NUMBER_BYTES)
  target.writeUIntBE(head.dueMs, 22, NUMBER_BYTES)
  if (value) target.set(value, HEAD_BYTES + keyBytes)
  return HEAD_BYTES + keyBytes + (value?.length ?? 0)
}

export function isDelete(record: Buffer): boolean {
  return record[0] === DELETE
}

export function createRevisionOf(record: Buffer): number {
  return record.readUIntBE(4, NUMBER_BYTES)
}

export function priorRevisionOf(record: Buffer): number {
  return record.readUIntBE(10, NUMBER_BYTES)
}

export function timeMsOf(record: Buffer): number {
  return record.readUIntBE(16, NUMBER_BYTES)
}

export function dueMsOf(record: Buffer): number {
  return record.readUIntBE(22, NUMBER_BYTES)
}

export function keyOf(record: Buffer): string {
  return record.toString('utf8', HEAD_BYTES, valueStart(record))
}

/** Where the value begins; it ends with the record. */
export function valueStart(record: Buffer): number {
  return HEAD_BYTES + record.readUInt16BE(2)
}

/** What a record counts for in the history budget. */
export function historyBytesOf(recordBytes: number): number {
  return recordBytes + 64
}

/** The store's counters, which change with each commit. */
export interface StoreState {
  /** The newest revision. */
  readonly revision: number
  /** Reads below this fail. */
  readonly compactRevision: number
  /** What the compaction has removed from disk reaches to here. */
  readonly sweptRevision: number
  /** The budgeted size of the records above `sweptRevision`. */
  readonly historyBytes: number
}

export function encodeState(state: StoreState): Buffer {
  const bytes = Buffer.alloc(4 * 8)
  bytes.writeDoubleBE(state.revision, 0)
  bytes.writeDoubleBE(state.compactRevision, 8)
  bytes.writeDoubleBE(state.sweptRevision, 16)
  bytes.writeDoubleBE(state.historyBytes, 24)
  return bytes
}

export function decodeState(bytes: Buffer): StoreState {
  return {
    revision: bytes.readDoubleBE(0),
    compactRevision: bytes.readDoubleBE(8),
    sweptRevision: bytes.readDoubleBE(16),
    historyBytes: bytes.readDoubleBE(24),
  }
}

/** When a key deletes itself, and the revision that said so. Orders by time. */
export interface Due {
  readonly dueMs: number
  readonly revision: number
}

/** Revisions as LMDB keys: in numeric order. */
export const revisionKeys = {
  writeKey(revision: number, target: Buffer, at: number): number {
    return target.writeUIntBE(revision, at, NUMBER_BYTES)
  },
  readKey: (source: Buffer, start: number): number => source.readUIntBE(start, NUMBER_BYTES),
}

/** Strings as LMDB keys: in UTF-8 byte order. Bytes are taken as they are, for the end of a range. */
export const stringKeys = {
  writeKey(key: string | Uint8Array, target: Buffer, at: number): number {
    if (typeof key === 'string') return at + target.write(key, at)
    target.set(key, at)
    return at + key.length
  },
  readKey: (source: Buffer, start: number, end: number): string => source.toString('utf8', start, end),
}

export const dueKeys = {
  writeKey({ dueMs, revision }: Due, target: Buffer, at: number): number {
    target.writeUIntBE(dueMs, at, NUMBER_BYTES)
    return target.writeUIntBE(revision, at + NUMBER_BYTES, NUMBER_BYTES)
  },
  readKey: (source: Buffer, start: number): Due => ({
    dueMs: source.readUIntBE(start, NUMBER_BYTES),
    revision: source.readUIntBE(start + NUMBER_BYTES, NUMBER_BYTES),
  }),
}

/** Revisions as LMDB values. */
export const revisionValues = {
  encode(revision: number): Buffer {
    const bytes = Buffer.allocUnsafe(NUMBER_BYTES)
    bytes.writeUIntBE(revision, 0, NUMBER_BYTES)
    return bytes
  },
  decode: (bytes: Buffer): number => bytes.readUIntBE(0, NUMBER_BYTES),
}

/** What comes after every key that starts with `prefix`: no UTF-8 text holds the byte 255. */
export function endOfPrefix(prefix: string): Uint8Array {
  return Buffer.concat([Buffer.from(prefix), Buffer.of(255)])
}
