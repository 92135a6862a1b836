import { Buffer } from 'node:buffer'
import { open, type RootDatabase } from 'lmdb'
import { FIRST_REVISION, StoreError } from '../store.ts'
import { copyAlone } from './arena.ts'
import {
  decodeEntry,
  decodeState,
  dueKeys,
  encodeState,
  FORMAT_VERSION,
  revisionKeys,
  revisionValues,
  stringKeys,
  type Copy,
  type Due,
  type Stored,
  type StoreState,
} from './format.ts'
import { lockStore, type StoreLock } from './lock.ts'
import { mapBytes, prepareFolder, syncFolder } from './preflight.ts'

/** As much of lmdb's interface as the store uses, with the types of one table. */
export interface Table<K, V, Put = V> {
  get(key: K): V | undefined
  /** LMDB's own bytes, or a buffer that the next read overwrites: copy before any other call. */
  getBinaryFast(key: K): Uint8Array | undefined
  getRange(options: TableRange<K>): Iterable<{ key: K; value: V }>
  getKeys(options: TableRange<K>): Iterable<K>
  getKeysCount(options: TableRange<K>): number
  /** Resolves with whether it was done, when that is durable. The bytes must stay as they are until then. */
  put(key: K, value: Put, options?: { append: boolean }): Promise<boolean>
  /** Resolves when it is durable that the key is absent. */
  remove(key: K): Promise<boolean>
}

export interface TableRange<K> {
  readonly start: K
  readonly end?: K | Uint8Array
  readonly limit?: number
  readonly exclusiveStart?: boolean
}

/** The tables of a store, in one LMDB environment. */
export interface Tables {
  readonly path: string
  /** Key → what is there. */
  readonly current: Table<string, Stored, Uint8Array>
  /** How ranges of `current` copy the values. To be set before each, because lmdb decodes what a cursor stands on by itself. */
  readonly decoding: { copy: Copy }
  /** Revision → the encoded event. */
  readonly log: Table<number, Uint8Array>
  /** Key → the revision that deleted it, for as long as that is in the log and the key is not there again. */
  readonly graves: Table<string, number>
  /** When → key, for keys with a time to live. */
  readonly expiry: Table<Due, string>
  readonly meta: Table<string, Uint8Array>
  state(): StoreState
  /**
   * Makes the changes that `change` calls for in one LMDB transaction. Resolves when they are durable. When it rejects,
   * none of them was made, or LMDB has given itself up, and then nobody knows.
   */
  commit(change: () => Promise<boolean>[]): Promise<void>
  /** Throws when LMDB has given itself up after a failed write, so that nothing more can be done with it. */
  checkUsable(): void
  backup(path: string): Promise<void>
  close(): Promise<void>
}

const FORMAT = 'format'
/** The key in `meta` that holds the StoreState. */
export const STATE = 'state'
/** Two pages of most machines: objects of up to 4 KB stay in the leaf. */
const PAGE_BYTES = 8192

/** `overlappingSync` would show commits before they are durable. Each commit is a batch of its own, so no turns. */
const LMDB_OPTIONS = {
  maxDbs: 5,
  pageSize: PAGE_BYTES,
  overlappingSync: false,
  eventTurnBatching: false,
}

/** Opens the store in the folder `path`, makes it when it is not there, and locks it. Throws StoreError. */
export async function openTables(path: string): Promise<Tables> {
  let lock: StoreLock | undefined
  let root: RootDatabase | undefined
  try {
    prepareFolder(path, 'owner.mdb', 'owner.mdb-lock')
    prepareFolder(path, 'data.mdb', 'lock.mdb')
    lock = await lockStore(path)
    root = open({ path, mapSize: mapBytes(), ...LMDB_OPTIONS })
    const tables = tablesIn(root, lock, path)
    await checkFormat(tables)
    syncFolder(path)
    return tables
  } catch (error) {
    await root?.close()
    await lock?.release()
    if (error instanceof StoreError) throw error
    throw new StoreError(`cannot open the store in ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** What a store holds at one moment. */
export interface TablesAtOnce {
  readonly revision: number
  entries(): Iterable<{ key: string; value: Stored }>
  close(): Promise<void>
}

/** Looks into the store in the folder `path` as it is now, without locking it: another process may have it. Throws StoreError. */
export function readTables(path: string): TablesAtOnce {
  const root = open({ path, mapSize: mapBytes(), ...LMDB_OPTIONS, readOnly: true })
  const entries = {
    encode: (bytes: Uint8Array) => bytes,
    decode: (bytes: Uint8Array) => decodeEntry(asBuffer(bytes), copyAlone),
  }
  const options: object = { encoder: entries, keyEncoder: stringKeys }
  const binary: object = { encoding: 'binary', keyEncoder: stringKeys }
  const meta = root.openDB({ name: 'meta', ...binary })
  const current = root.openDB<Stored, string>({ name: 'current', ...options })
  // Last: opening a table ends the transaction that was read in.
  const transaction = root.useReadTransaction()
  const close = async (): Promise<void> => {
    transaction.done()
    await root.close()
  }
  const format = meta.get(FORMAT, { transaction }) as Uint8Array | undefined
  if (format?.[0] !== FORMAT_VERSION) {
    void close()
    throw new StoreError(
      `the store in ${path} has format ${format?.[0] ?? 'unknown'}, which this version of skiff cannot read`,
    )
  }
  const { revision } = decodeState(asBuffer(meta.get(STATE, { transaction }) as Uint8Array | undefined))
  return { revision, entries: () => current.getRange({ start: '', transaction }), close }
}

function tablesIn(root: RootDatabase, lock: StoreLock, path: string): Tables {
  const table = <K, V, Put = V>(name: string, options: object): Table<K, V, Put> =>
    // lmdb's declarations know neither codecs for one table nor options of put.
    root.openDB({ name, ...options }) as unknown as Table<K, V, Put>
  const decoding = { copy: copyAlone }
  const entries = {
    encode: (bytes: Uint8Array) => bytes,
    decode: (bytes: Uint8Array) => decodeEntry(asBuffer(bytes), decoding.copy),
  }
  const meta = table<string, Uint8Array>('meta', { encoding: 'binary', keyEncoder: stringKeys })
  return {
    path,
    meta,
    log: table('log', { encoding: 'binary', keyEncoder: revisionKeys }),
    current: table('current', { encoder: entries, keyEncoder: stringKeys }),
    decoding,
    graves: table('graves', { encoder: revisionValues, keyEncoder: stringKeys }),
    expiry: table('expiry', { encoding: 'string', keyEncoder: dueKeys }),
    state: () => decodeState(asBuffer(meta.getBinaryFast(STATE))),
    commit: (change) => commitIn(root, change),
    checkUsable() {
      root.resetReadTxn()
      root.useReadTransaction().done()
    },
    backup: (to) => root.backup(to, true),
    async close() {
      await root.close()
      await lock.release()
    },
  }
}

async function commitIn(root: RootDatabase, change: () => Promise<boolean>[]): Promise<void> {
  let done: Promise<boolean>[] = []
  const committed = root.batch(() => (done = change()))
  try {
    const results = await Promise.all([committed, ...done])
    if (results.every(Boolean)) return
  } catch (error) {
    throw await causeOf(error)
  }
  throw new Error('the log already holds a newer revision')
}

/** lmdb rejects with an error that has a promise of the reason on it, and nobody else handles that. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}

/** Writes the format and the first state into a new store; refuses one that it does not know. */
async function checkFormat({ meta, current, path, commit }: Tables): Promise<void> {
  const format = meta.get(FORMAT)
  if (!format && current.getKeysCount({ start: '' }) === 0) {
    const state = { revision: FIRST_REVISION, compactRevision: 0, sweptRevision: 0, historyBytes: 0 }
    await commit(() => [meta.put(FORMAT, Buffer.of(FORMAT_VERSION)), meta.put(STATE, encodeState(state))])
  } else if (format?.[0] !== FORMAT_VERSION) {
    throw new StoreError(
      `the store in ${path} has format ${format?.[0] ?? 'unknown'}, and this version of skiff knows only format ` +
        `${FORMAT_VERSION}: open it with the version that wrote it, or restore a snapshot of this format`,
    )
  }
}

/** LMDB's bytes as a Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array | undefined): Buffer {
  if (!bytes) throw new StoreError('the store is damaged: its state is missing')
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
