import {
  CompactedError,
  FIRST_REVISION,
  type Entry,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type Store,
  type StoreEvent,
  type WriteResult,
} from '../../store.ts'

/**
 * A store as if it had been opened on an etcd that is new: revisions count from where it stands now. So that one etcd serves a whole
 * suite of tests.
 */
export function rebased(store: Store, release: () => Promise<void>): Store {
  const base = store.revision - FIRST_REVISION
  /** Nothing happened before the first revision, so that it stands for those before. */
  const inward = (revision: number): number => Math.max(revision, FIRST_REVISION) + base
  const outward = (revision: number): number => Math.max(0, revision - base)
  const options = <O extends ReadOptions>(asked: O = {} as O): O =>
    asked.revision === undefined ? asked : { ...asked, revision: inward(asked.revision) }
  const error = (failed: Error): Error =>
    failed instanceof CompactedError ? new CompactedError(outward(failed.compactRevision)) : failed
  const entries = memo((entry: Entry) => ({
    ...entry,
    createRevision: outward(entry.createRevision),
    modRevision: outward(entry.modRevision),
  }))
  const maybe = (entry: Entry | undefined): Entry | undefined => entry && entries(entry)
  const events = memo((event: StoreEvent) => ({
    ...event,
    revision: outward(event.revision),
    entry: maybe(event.entry),
    previous: maybe(event.previous),
  }))
  let closed: Promise<void> | undefined
  return {
    get revision() {
      return outward(store.revision)
    },
    get compactRevision() {
      return outward(store.compactRevision)
    },
    latest: async () => outward(await store.latest()),
    get: async (key, asked) => maybe(await store.get(key, options(asked))),
    async range(prefix, asked?: RangeOptions): Promise<Range> {
      const range = await store.range(prefix, options(asked))
      return { ...range, entries: range.entries.map(entries), revision: asked?.revision ?? outward(range.revision) }
    },
    count: (prefix) => store.count(prefix),
    async write({ expect, ...write }): Promise<WriteResult> {
      const rest = expect === undefined ? {} : { expect: expect === 0 ? 0 : inward(expect) }
      const result = await store.write({ ...write, ...rest })
      return result.ok
        ? { ok: true, revision: outward(result.revision), previous: maybe(result.previous) }
        : { ok: false, current: maybe(result.current) }
    },
    watch: (prefix, after, sink) =>
      store.watch(prefix, inward(after), {
        onEvents: (happened) => sink.onEvents(happened.map(events)),
        onCaughtUp: () => sink.onCaughtUp?.(),
        onError: (failed) => sink.onError(error(failed)),
      }),
    compact: (revision) => store.compact(inward(revision)),
    close: () => (closed ??= store.close().then(release)),
  }
}

function memo<T extends object>(change: (value: T) => T): (value: T) => T {
  const known = new WeakMap<T, T>()
  return (value) => {
    const made = known.get(value) ?? change(value)
    known.set(value, made)
    return made
  }
}
