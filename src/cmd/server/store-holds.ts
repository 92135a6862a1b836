import type { Store } from '../../store/store.ts'

/** A place that has no keys. */
const NOWHERE = '/registry/.nothing/'

/**
 * Lasts until the signal aborts. Rejects when the store has given itself up: what goes on without it would only look alive, and whoever
 * keeps the server running can start it again.
 */
export function storeHolds(store: Pick<Store, 'watch'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = store.watch(NOWHERE, Number.MAX_SAFE_INTEGER, { onEvents() {}, onError: reject })
    const end = (): void => {
      stop()
      resolve()
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
