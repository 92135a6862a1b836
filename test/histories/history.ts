import assert from 'node:assert/strict'
import type { Random } from '../../src/lib/random.ts'
import type { WatchEvent } from './api.ts'
import { linearizationProblem, type Operation, type Value, type Write } from './linearizable.ts'
import { valueOf } from './workload.ts'

/** A change that a watch told. */
interface Change {
  readonly key: string
  readonly value: Value
}

/** What a watch was told, from where it began. */
export interface Watched {
  readonly from: number
  readonly events: { readonly revision: number; readonly type: string; readonly key: string; readonly value: Value }[]
}

type State = ReadonlyMap<string, string>

type Begun =
  | { readonly kind: 'write'; readonly key: string; readonly value: Value; readonly expect: Write['expect'] }
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'list' }

/** An operation that is under way; exactly one of these is called. */
export interface Note {
  ok(revision: number | undefined): void
  refused(): void
  lost(): void
  read(value: Value, revision: number | undefined): void
  listed(revision: number, state: State): void
  /** Nothing came of it, or nothing that is checked. */
  drop(): void
}

/** An operation that happened at a revision, some time between its start and its end. */
interface Placed {
  readonly what: string
  readonly start: number
  readonly end: number
  readonly revision: number
}

/** All that the clients of a store did and were told. One clock: a counter that moves with every begin and end. */
export class History {
  #now = 0
  operations: Operation[] = []
  /** Writes whose answer was lost, until it is known that they can no longer happen. */
  #lost: Omit<Write, 'end'>[] = []
  readonly #placed: Placed[] = []
  readonly #acknowledged = new Map<number, Change>()
  readonly #snapshots: { readonly revision: number; readonly state: State }[] = []
  readonly #revisions: number[]
  readonly watches: Watched[] = []

  constructor(firstRevision: number) {
    this.#revisions = [firstRevision]
  }

  begin(begun: Begun): Note {
    const start = ++this.#now
    const write = (outcome: Write['outcome']): void => {
      if (begun.kind === 'write') this.operations.push({ ...begun, outcome, start, end: ++this.#now })
    }
    const placed = (what: string, revision: number): void => {
      this.#placed.push({ what, start, end: ++this.#now, revision })
      this.#revisions.push(revision)
    }
    return {
      ok: (revision) => {
        write('ok')
        if (begun.kind !== 'write' || revision === undefined) return
        placed(`write of ${begun.key}`, revision)
        this.#acknowledged.set(revision, { key: begun.key, value: begun.value })
      },
      refused: () => write('refused'),
      lost: () => {
        if (begun.kind === 'write') this.#lost.push({ ...begun, outcome: 'unknown', start })
      },
      read: (value, revision) => {
        if (begun.kind !== 'read') return
        this.operations.push({ kind: 'read', key: begun.key, value, start, end: ++this.#now })
        if (revision !== undefined && value !== null) this.#acknowledged.set(revision, { key: begun.key, value })
      },
      listed: (revision, state) => {
        placed('list', revision)
        this.snapshot(revision, state)
      },
      drop: () => {},
    }
  }

  /** Nothing that was under way can happen any more: its server is dead. */
  settle(): void {
    for (const write of this.#lost) this.operations.push({ ...write, end: ++this.#now })
    this.#lost = []
  }

  /** The whole state as of a revision, as a list told it. */
  snapshot(revision: number, state: State): void {
    this.#snapshots.push({ revision, state })
  }

  anyRevision(random: Random): number {
    const recent = this.#revisions.slice(-200)
    return recent[Math.floor(random.next() * recent.length)] ?? 0
  }

  get newest(): number {
    return Math.max(...this.#revisions)
  }

  watched(from: number): Watched {
    const watched: Watched = { from, events: [] }
    this.watches.push(watched)
    return watched
  }

  /** The log tells which of the writes whose answer was lost have happened. Deletes look all the same. */
  #findLost(log: Watched): void {
    const made = new Set(log.events.map(({ value }) => value))
    this.operations = this.operations.flatMap((operation) => {
      if (operation.kind === 'read' || operation.outcome !== 'unknown' || operation.value === null) return [operation]
      return made.has(operation.value) ? [{ ...operation, outcome: 'ok' as const }] : []
    })
  }

  /**
   * Checks everything against `log`, what a watch from before the first operation told until after the last, and against
   * the state that the first revision had.
   */
  check(log: Watched, before: State): void {
    this.settle()
    checkOrder(log)
    this.#findLost(log)
    const changes = new Map(log.events.map(({ revision, key, value }) => [revision, { key, value }]))
    for (const [revision, change] of this.#acknowledged) {
      assert.deepEqual(changes.get(revision), change, `acknowledged at ${revision}, and not in the log`)
    }
    for (const watched of this.watches) checkWatch(watched, log)
    checkStates(this.#snapshots, log, before)
    checkRealTime(this.#placed)
    for (const key of new Set(this.operations.map((operation) => operation.key))) {
      const initial = before.get(key)
      if (initial !== undefined) throw new Error(`${key} was there before`)
      assert.equal(linearizationProblem(this.operations.filter((operation) => operation.key === key)), undefined)
    }
  }
}

/** Notes an event of a watch. */
export function noteEvent({ events }: Watched, { type, object }: WatchEvent): void {
  assert.notEqual(type, 'ERROR', JSON.stringify(object))
  const { name = '', resourceVersion } = object.metadata
  if (type === 'BOOKMARK') return
  events.push({
    revision: Number(resourceVersion),
    type,
    key: name,
    value: type === 'DELETED' ? null : valueOf(object),
  })
}

function checkOrder({ from, events }: Watched): void {
  let last = from
  for (const { revision, key } of events) {
    assert.ok(revision > last, `${key} at ${revision} came after ${last}`)
    last = revision
  }
}

/** A watch is told all that happened from where it began to the last it was told, in order. */
function checkWatch(watched: Watched, log: Watched): void {
  checkOrder(watched)
  const last = watched.events.at(-1)?.revision ?? watched.from
  const expected = log.events.filter(({ revision }) => revision > watched.from && revision <= last)
  assert.deepEqual(watched.events, expected, `a watch from ${watched.from}`)
}

/** A list at a revision is what the log makes of the state before it. */
function checkStates(
  snapshots: readonly { readonly revision: number; readonly state: State }[],
  log: Watched,
  before: State,
): void {
  const state = new Map(before)
  let at = 0
  for (const { revision, state: told } of snapshots.toSorted((a, b) => a.revision - b.revision)) {
    for (let event = log.events[at]; event && event.revision <= revision; event = log.events[++at]) {
      const had = state.has(event.key)
      assert.equal(event.type, event.value === null ? 'DELETED' : had ? 'MODIFIED' : 'ADDED', `at ${event.revision}`)
      if (event.value === null) state.delete(event.key)
      else state.set(event.key, event.value)
    }
    assert.deepEqual(new Map(told), state, `the list at ${revision}`)
  }
}

/** What began after something had ended is not older than it. */
function checkRealTime(placed: readonly Placed[]): void {
  const byEnd = placed.toSorted((a, b) => a.end - b.end)
  let at = 0
  let newest: Placed | undefined
  for (const operation of placed.toSorted((a, b) => a.start - b.start)) {
    for (let ended = byEnd[at]; ended && ended.end < operation.start; ended = byEnd[++at])
      if (!newest || ended.revision > newest.revision) newest = ended
    assert.ok(
      !newest || operation.revision >= newest.revision,
      `a ${operation.what} at ${operation.revision} began after a ${newest?.what} at ${newest?.revision} had ended`,
    )
  }
}
