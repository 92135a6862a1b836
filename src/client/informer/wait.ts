import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Informer } from './informer.ts'

/**
 * Resolves with what `look` returns as soon as that is neither undefined nor false; it is asked now and after each change of
 * the informer's cache. Rejects when the signal aborts first.
 */
export function until<T extends KubeObject, R>(
  informer: Pick<Informer<T>, 'addHandler'>,
  look: () => R | undefined | false,
  signal?: AbortSignal,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      remove()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      settle()
      reject(signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason)))
    }
    const check = (): boolean => {
      const found = look()
      if (found === undefined || found === false) return false
      settle()
      resolve(found)
      return true
    }
    let remove = (): void => undefined
    if (signal?.aborted) return onAbort()
    if (check()) return
    remove = informer.addHandler({ onProgress: check })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
