import type { Clock } from '../../lib/clock.ts'
import { StoreError, type HistoryBudget, type Write, type WriteResult } from '../store.ts'
import { Batch } from './batch.ts'
import type { StoreState } from './format.ts'
import type { Reader } from './reader.ts'
import { isDiskFull } from './preflight.ts'
import { sweep, sweepIsDue, type Sweep, type SweepLimits } from './sweep.ts'
import { messageOf, type Tables } from './tables.ts'

export interface WriterOptions {
  readonly tables: Tables
  readonly reader: Reader
  readonly clock: Clock
  readonly history: HistoryBudget
  /** Called before each commit with what will be the compactRevision: reads below it may find nothing any more. */
  readonly compacting: (compactRevision: number) => void
  /** Called after each commit, before its writes resolve. */
  readonly committed: (batch: Batch) => void
  /** Called when no write can succeed any more. */
  readonly broken: (error: StoreError) => void
}

interface Job {
  readonly write: Write
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: Error) => void
}

interface Compaction {
  readonly revision: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A commit takes in no more than this, so that it neither lasts long nor overflows LMDB's list of dirty pages. */
const BATCH_WRITES = 1000
const BATCH_BYTES = 8 * 2 ** 20
/** What is written of a value: the entry and both sides of the event, in pages of their own at worst. */
const COPIES = 4
const NO_SPACE = 'no space left on device'
/** How many events a commit sweeps at most, besides twice as many as it writes, so that the sweep keeps up. */
const SWEEP_EVENTS = 128

/**
 * Group commit. While one batch is on its way to the disk, further writes queue; then all of them make the next batch, and
 * share its sync. Batches are decided one after another, each on what the one before left on disk.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #queue: Job[] = []
  #compactions: Compaction[] = []
  /** As of the last commit. */
  #state: StoreState
  /** When the oldest kept event was written; to be found out by the first sweep. */
  #oldestMs = -Infinity
  /** Whether the last sweep left something to the next. */
  #unfinished = false
  /** After a failure the sweep waits for a write that succeeds. */
  #sweepable = true
  #running: Promise<void> | undefined
  #broken: StoreError | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    this.#state = options.tables.state()
  }

  /** See Store.write. */
  write(write: Write): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ write, resolve, reject })
      this.#wake()
    })
  }

  /** Resolves when the new compactRevision is durable; what lies below it is removed after that. */
  compact(revision: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#compactions.push({ revision, resolve, reject })
      this.#wake()
    })
  }

  /** Resolves when all that was asked for is settled. */
  async idle(): Promise<void> {
    await this.#running
  }

  #wake(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    await Promise.resolve() // Whatever else this turn of the event loop asks for goes into the first batch.
    while (this.#hasWork()) await this.#step()
    this.#running = undefined
  }

  #hasWork(): boolean {
    if (this.#queue.length > 0 || this.#compactions.length > 0) return true
    return this.#isSweepDue(this.#state)
  }

  /** One batch: decide, commit, tell. */
  async #step(): Promise<void> {
    const jobs = this.#takeJobs()
    const compactions = this.#compactions
    this.#compactions = []
    try {
      if (this.#broken) throw this.#broken
      this.#checkRevision()
      const swept = this.#sweep(compactions, SWEEP_EVENTS + 2 * jobs.length)
      const { tables, reader } = this.#options
      const writes = jobs.map((job) => job.write)
      checkRoom(tables.path, writes)
      const batch = new Batch(tables, reader, swept, this.#nowMs())
      const results = writes.map((write) => batch.write(write))
      if (batch.state !== this.#state) await this.#commit(batch)
      this.#sweepable = true
      this.#unfinished = swept.unfinished
      this.#oldestMs = Math.min(swept.oldestMs, batch.events.length > 0 ? this.#nowMs() : Infinity)
      for (const [i, result] of results.entries()) jobs[i]?.resolve(result)
      for (const { resolve } of compactions) resolve()
    } catch (error) {
      const reason = this.#reasonOf(error)
      for (const { reject } of [...jobs, ...compactions]) reject(reason)
    }
  }

  /** A batch that is decided on anything but the last commit would lose writes. */
  #checkRevision(): void {
    const { revision } = this.#options.tables.state()
    if (revision !== this.#state.revision)
      throw new Error(`the file is at revision ${revision}, but the last commit made ${this.#state.revision}`)
  }

  async #commit(batch: Batch): Promise<void> {
    this.#options.compacting(batch.state.compactRevision)
    await batch.commit()
    this.#state = batch.state
    this.#options.committed(batch)
  }

  #sweep(compactions: readonly Compaction[], maxEvents: number): Sweep {
    const { tables, reader } = this.#options
    const compactRevision = Math.max(this.#state.compactRevision, ...compactions.map(({ revision }) => revision))
    const state = compactRevision === this.#state.compactRevision ? this.#state : { ...this.#state, compactRevision }
    if (!this.#isSweepDue(state)) return { changes: [], state, oldestMs: this.#oldestMs, unfinished: false }
    return sweep(tables, reader, state, { ...this.#limits(), maxEvents })
  }

  #isSweepDue(state: StoreState): boolean {
    return this.#sweepable && (this.#unfinished || sweepIsDue(state, this.#limits(), this.#oldestMs))
  }

  #takeJobs(): Job[] {
    let count = 0
    for (let bytes = 0; count < BATCH_WRITES && bytes < BATCH_BYTES; count++) {
      const job = this.#queue[count]
      if (!job) break
      bytes += job.write.value?.length ?? 0
    }
    return this.#queue.splice(0, count)
  }

  /** What callers are told of a failure. Finds out whether LMDB can go on after it. */
  #reasonOf(error: unknown): StoreError {
    this.#sweepable = false
    if (this.#broken) return this.#broken
    const { tables, broken } = this.#options
    const why = isDiskFull(tables.path) ? NO_SPACE : messageOf(error)
    const failed = `the store in ${tables.path} could not write: ${why}`
    try {
      tables.checkUsable()
    } catch (cause) {
      this.#broken = new StoreError(`${failed}. It may or may not have happened; the store has to be reopened`, {
        cause,
        uncertain: true,
      })
      broken(this.#broken)
      return this.#broken
    }
    return new StoreError(failed, { cause: error, full: why === NO_SPACE })
  }

  #limits(): SweepLimits {
    return { budget: this.#options.history, nowMs: this.#nowMs(), maxEvents: SWEEP_EVENTS }
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.now())
  }
}

/**
 * Refuses what may not fit before LMDB tries: lmdb tells of a failed write in a buffer that is too short for it. Deletes go on: they need
 * no more than the pages that were freed before.
 */
function checkRoom(path: string, writes: readonly Write[]): void {
  const bytes = writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  if (bytes > 0 && isDiskFull(path, bytes * COPIES)) throw new Error(NO_SPACE)
}
