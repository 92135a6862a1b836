import type { SnapshotHead } from './format.ts'

/** One key of a store, as a snapshot holds it. */
export interface SnapshotEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  /** When it deletes itself, in ms since the epoch; 0: never. */
  readonly dueMs: number
}

/** What a store held at one revision. To be closed when it is read. */
export interface SnapshotSource {
  readonly revision: number
  entries(): AsyncIterable<SnapshotEntry>
  close(): Promise<void>
}

/** A snapshot that is to be restored. */
export interface Restoration {
  readonly head: SnapshotHead
  readonly entries: AsyncIterable<SnapshotEntry>
  /** How far beyond the snapshot's revision the store begins, so that no revision is given a second time. */
  readonly bump: number
}

/** What came of it. */
export interface Restored {
  readonly keys: number
  readonly revision: number
}
