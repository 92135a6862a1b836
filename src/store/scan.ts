import type { Entry, MaybePromise, RangeOptions, ScanEnd, Store } from './store.ts'

/**
 * Shows the entries of a range to `visit` one by one, until it returns false. A store that can shows them in place, so that nothing is
 * copied or allocated for them: an entry and its value are valid only during the call.
 */
export function scan(
  store: Store,
  prefix: string,
  options: RangeOptions,
  visit: (entry: Entry) => boolean,
): MaybePromise<ScanEnd> {
  if (store.scan) return store.scan(prefix, options, visit)
  const range = store.range(prefix, options)
  return range instanceof Promise ? range.then((read) => shown(read, visit)) : shown(range, visit)
}

/** The entries of a range, shown. */
export function shown(
  { entries, more, revision }: { entries: readonly Entry[]; more: boolean; revision: number },
  visit: (entry: Entry) => boolean,
): ScanEnd {
  let last: string | undefined
  for (const [i, entry] of entries.entries()) {
    last = entry.key
    if (!visit(entry)) return { last, more: more || i < entries.length - 1, revision }
  }
  return { last, more, revision }
}
