import type { KubeObject } from '../apimachinery/meta.ts'
import { FIRST_REVISION, type Store, type StoreEvent } from '../store/store.ts'

/** One change of the store. */
export interface HistoryEntry {
  readonly revision: number
  readonly type: 'put' | 'delete'
  /** `/registry/pods/default/web` and the like. */
  readonly key: string
  /** What was stored, as JSON text; undefined when it was deleted. */
  readonly json: string | undefined
  /** The same, parsed. */
  readonly object: KubeObject | undefined
}

/** Every change that the store still remembers, after a revision. Rejects with CompactedError when it has forgotten some of them. */
export function readHistory(store: Store, after = FIRST_REVISION): Promise<HistoryEntry[]> {
  return new Promise((resolve, reject) => {
    const found: HistoryEntry[] = []
    const stop = store.watch('', after, {
      onEvents: (events) => void found.push(...events.map(entryOf)),
      onCaughtUp() {
        stop()
        resolve(found)
      },
      onError: reject,
    })
  })
}

function entryOf({ revision, type, key, entry }: StoreEvent): HistoryEntry {
  const json = entry && new TextDecoder().decode(entry.value)
  return {
    revision,
    type,
    key,
    json,
    get object() {
      return json === undefined ? undefined : (JSON.parse(json) as KubeObject)
    },
  }
}
