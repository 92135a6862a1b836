import type { MaybePromise } from '../../store/store.ts'

/** Work that goes on at once met what has to be waited for. Wait for `ready`, and do it again. */
export class DoAgain extends Error {
  readonly ready: () => Promise<void>

  constructor(ready: () => Promise<void>, message = 'there is something to wait for first') {
    super(message)
    this.ready = ready
  }
}

/** Does work that may have to wait, as often as that is so. At once when there is nothing to wait for. */
export function whenReady<T>(work: () => T): MaybePromise<T> {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof DoAgain)) throw error
    return error.ready().then(() => whenReady(work))
  }
}
