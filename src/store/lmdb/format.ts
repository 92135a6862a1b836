/**
 * The bytes on disk. All numbers are big-endian and unsigned.
 *
 * An entry, in the table `current`, by key:
 *
 * | at | bytes | what |
 * |---|---|---|
 * | 0 | 6 | createRevision |
 * | 6 | 6 | modRevision |
 * | 12 | 6 | when it deletes itself, ms since the epoch; 0: never |
 * | 18 | | the value |
 *
 * An event, in the table `log`, by revision:
 *
 * | at | bytes | what |
 * |---|---|---|
 * | 0 | 2 | length of the key |
 * | 2 | 4 | length of the entry; 0: this is a delete |
 * | 6 | 6 | revision of the key's event before this one, deletes included; 0: none |
 * | 12 | 6 | when it was written, ms since the epoch |
 * | 18 | | the key, the entry, then the entry that was there before; nothing: there was none |
 */
import { Buffer } from 'node:buffer'
import type { Entry, StoreEvent } from '../store.ts'

/** Stands in the store; another one is refused. Raise it when anything in this file or the tables' meaning changes. */
export const FORMAT_VERSION = 1

/** An entry and what its key does not tell: everything that the table `current` holds for it. */
export interface Stored {
  readonly createRevision: number
  readonly modRevision: number
  /** 0: it does not delete itself. */
  readonly dueMs: number
  readonly value: Uint8Array
}

/** What an event tells besides the entries before and after it. */
export interface EventHead {
  /** 0: none. */
  readonly priorRevision: number
  readonly timeMs: number
}

/** Takes `length` bytes from somewhere. */
export type Allocate = (length: number) => Buffer
/** Copies bytes to where they stay. */
export type Copy = (bytes: Buffer, start: number, end: number) => Uint8Array

const NUMBER_BYTES = 6
const ENTRY_HEAD_BYTES = 18
const EVENT_HEAD_BYTES = 18

/** The bytes of an event, and where in them its entry is (undefined: it is a delete). */
export interface EncodedEvent {
  readonly bytes: Buffer
  readonly entry: Buffer | undefined
}

/** `previous` is the encoded entry that was there before. */
export function encodeEvent(
  allocate: Allocate,
  key: string,
  head: EventHead,
  entry: Stored | undefined,
  previous: Uint8Array | undefined,
): EncodedEvent {
  const keyBytes = Buffer.byteLength(key)
  const entryBytes = entry ? ENTRY_HEAD_BYTES + entry.value.length : 0
  const entryStart = EVENT_HEAD_BYTES + keyBytes
  const entryEnd = entryStart + entryBytes
  const bytes = allocate(entryEnd + (previous?.length ?? 0))
  bytes.writeUInt16BE(keyBytes, 0)
  bytes.writeUInt32BE(entryBytes, 2)
  bytes.writeUIntBE(head.priorRevision, 6, NUMBER_BYTES)
  bytes.writeUIntBE(head.timeMs, 12, NUMBER_BYTES)
  bytes.write(key, EVENT_HEAD_BYTES)
  if (entry) writeEntry(bytes, entryStart, entry)
  if (previous) bytes.set(previous, entryEnd)
  return { bytes, entry: entry && bytes.subarray(entryStart, entryEnd) }
}

/** The bytes of an entry. */
export function encodeEntry(entry: Stored): Buffer {
  const bytes = Buffer.alloc(ENTRY_HEAD_BYTES + entry.value.length)
  writeEntry(bytes, 0, entry)
  return bytes
}

function writeEntry(bytes: Buffer, at: number, entry: Stored): void {
  bytes.writeUIntBE(entry.createRevision, at, NUMBER_BYTES)
  bytes.writeUIntBE(entry.modRevision, at + 6, NUMBER_BYTES)
  bytes.writeUIntBE(entry.dueMs, at + 12, NUMBER_BYTES)
  bytes.set(entry.value, at + ENTRY_HEAD_BYTES)
}

/** Reads an entry out of `bytes`, from `start` to `end`. */
export function decodeEntry(bytes: Buffer, copy: Copy, start = 0, end = bytes.length): Stored {
  return {
    createRevision: bytes.readUIntBE(start, NUMBER_BYTES),
    modRevision: bytes.readUIntBE(start + 6, NUMBER_BYTES),
    dueMs: bytes.readUIntBE(start + 12, NUMBER_BYTES),
    value: copy(bytes, start + ENTRY_HEAD_BYTES, end),
  }
}

export function entryOf(key: string, { createRevision, modRevision, value }: Stored): Entry {
  return { key, value, createRevision, modRevision }
}

export function eventKey(bytes: Buffer): string {
  return bytes.toString('utf8', EVENT_HEAD_BYTES, entryStartOf(bytes))
}

export function eventHead(bytes: Buffer): EventHead {
  return { priorRevision: bytes.readUIntBE(6, NUMBER_BYTES), timeMs: bytes.readUIntBE(12, NUMBER_BYTES) }
}

export function isDelete(bytes: Buffer): boolean {
  return bytes.readUInt32BE(2) === 0
}

/** What was there before the event. */
export function eventPrevious(bytes: Buffer, copy: Copy): Stored | undefined {
  const start = entryEndOf(bytes)
  return start < bytes.length ? decodeEntry(bytes, copy, start) : undefined
}

export function decodeEvent(bytes: Buffer, key: string, revision: number, copy: Copy): StoreEvent {
  const stored = isDelete(bytes) ? undefined : decodeEntry(bytes, copy, entryStartOf(bytes), entryEndOf(bytes))
  const before = eventPrevious(bytes, copy)
  return {
    type: stored ? 'put' : 'delete',
    key,
    revision,
    entry: stored && entryOf(key, stored),
    previous: before && entryOf(key, before),
  }
}

function entryStartOf(bytes: Buffer): number {
  return EVENT_HEAD_BYTES + bytes.readUInt16BE(0)
}

function entryEndOf(bytes: Buffer): number {
  return entryStartOf(bytes) + bytes.readUInt32BE(2)
}

/** What an event counts for in the history budget. */
export function historyBytesOf(event: Uint8Array): number {
  return event.length + 64
}

/** The store's counters, which change with each commit. */
export interface StoreState {
  /** The newest revision. */
  readonly revision: number
  /** Reads below this fail. */
  readonly compactRevision: number
  /** Events up to here are gone from the log. */
  readonly sweptRevision: number
  /** The budgeted size of the log. */
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
