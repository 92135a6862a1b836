import assert from 'node:assert/strict'
import type { VirtualClock } from '../../lib/clock.ts'
import { scan } from '../scan.ts'
import type { Entry, MaybePromise, HistoryBudget, Store, StoreEvent, WriteResult } from '../store.ts'

export interface SuiteOptions {
  readonly clock: VirtualClock
  /** The implementation's default when absent. */
  readonly history?: HistoryBudget
}

/** Opens a new empty store. The suite closes it. */
export type OpenStore = (options: SuiteOptions) => MaybePromise<Store>

/** Tests by their titles, each given a store of its own. */
export type Cases = Readonly<Record<string, (store: Store, clock: VirtualClock) => Promise<void>>>

export const UNLIMITED: HistoryBudget = { maxBytes: Infinity, maxAgeMs: Infinity }

/** An entry as the tests compare it. */
export interface Plain {
  readonly key: string
  readonly value: string
  readonly created: number
  readonly modified: number
}

export function plain(entry: Entry): Plain
export function plain(entry: Entry | undefined): Plain | undefined
export function plain(entry: Entry | undefined): Plain | undefined {
  if (!entry) return undefined
  const { key, value, createRevision: created, modRevision: modified } = entry
  return { key, value: text(value), created, modified }
}

export function comparable({ type, key, revision, entry, previous }: StoreEvent): unknown {
  return { type, key, revision, entry: plain(entry), previous: plain(previous) }
}

export function outcome(result: WriteResult): unknown {
  return result.ok
    ? { revision: result.revision, previous: plain(result.previous) }
    : { current: plain(result.current) }
}

/** What a watch has delivered so far, and a way to wait for more. */
export function collect(store: Store, prefix: string, after: number) {
  const events: StoreEvent[] = []
  const failed = Promise.withResolvers<Error>()
  let wanted = { count: Infinity, reached: () => {} }
  const cancel = store.watch(prefix, after, {
    onEvents(more) {
      assert.ok(more.length > 0)
      events.push(...more)
      if (events.length >= wanted.count) wanted.reached()
    },
    onError: failed.resolve,
  })
  return {
    events,
    cancel,
    error: failed.promise,
    /** Resolves when `count` events have come. */
    async until(count: number): Promise<void> {
      if (events.length >= count) return
      const { promise, resolve } = Promise.withResolvers<void>()
      wanted = { count, reached: resolve }
      const error = await Promise.race([promise, failed.promise])
      if (error) throw error
    },
    summary: () =>
      events.map(({ type, key, revision, entry, previous }) =>
        [
          revision,
          type,
          key,
          ...(entry ? [text(entry.value)] : []),
          ...(previous ? [`(was ${text(previous.value)})`] : []),
        ].join(' '),
      ),
  }
}

export async function put(store: Store, key: string, value: string, expect?: number): Promise<number> {
  const result = await store.write({ key, value: bytes(value), ...(expect === undefined ? {} : { expect }) })
  assert.ok(result.ok, `put ${key}`)
  return result.revision
}

export async function remove(store: Store, key: string, expect?: number): Promise<number> {
  const result = await store.write({ key, value: null, ...(expect === undefined ? {} : { expect }) })
  assert.ok(result.ok, `delete ${key}`)
  return result.revision
}

export async function read(
  store: Store,
  prefix: string,
  options: { revision?: number; limit?: number },
  expected: readonly Plain[],
): Promise<void> {
  const range = await store.range(prefix, options)
  assert.deepEqual(range.entries.map(plain), expected)
  assert.equal(range.revision, options.revision ?? store.revision)
  const shown: Plain[] = []
  const whole = await scan(store, prefix, options, (entry) => shown.push(plain(entry)) > 0)
  assert.deepEqual(shown, expected)
  assert.deepEqual(whole, { last: range.entries.at(-1)?.key, more: range.more, revision: range.revision })
  const first = await scan(store, prefix, options, () => false)
  assert.equal(first.last, range.entries[0]?.key)
  assert.equal(first.more, range.more || range.entries.length > 1)
}

export async function keys(
  store: Store,
  prefix: string,
  options?: { revision?: number; start?: string },
): Promise<string[]> {
  return (await store.range(prefix, options)).entries.map((entry) => entry.key)
}

/** Lets background work run until `condition` holds; the test's own time limit ends a wait in vain. */
export async function until(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(100)
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

export function text(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value)
}
