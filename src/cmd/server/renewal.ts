import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { watchFolder } from './file-watch.ts'

export interface RenewalOptions {
  /** Where the certificates lie. */
  readonly folder: string
  readonly env: Env
  readonly signal: AbortSignal
  /** How often to look when nothing changes. Default twice a day: far more often than the month that certificates are renewed before their end. */
  readonly checkMs?: number
  /** Look first, then wait. */
  readonly atOnce?: boolean
}

const CHECK_MS = 12 * 3_600_000
/** A certificate and its key are two files. */
const SETTLE_MS = 300

/**
 * Calls `renew` from time to time and when files of the folder have changed, until the signal aborts; whoever rotates certificates only
 * takes the old ones away. What fails is logged and tried again.
 */
export async function keepRenewed(options: RenewalOptions, renew: () => Promise<void>): Promise<void> {
  const { env, signal } = options
  const changes = new Changes(options)
  try {
    for (let first = options.atOnce === true; !signal.aborted; first = false) {
      if (!first) await changes.next()
      if (signal.aborted) return
      await renew().catch((err: unknown) => {
        if (!signal.aborted) env.log.error('certificates could not be renewed', { err })
      })
    }
  } finally {
    changes.close()
  }
}

/** Tells when to look: after a change, or when it is time. */
class Changes {
  readonly #options: RenewalOptions
  /** Ends the watch of the folder. */
  readonly close: () => void
  #changed = new AbortController()

  constructor(options: RenewalOptions) {
    this.#options = options
    const { folder, env } = options
    this.close = watchFolder(
      folder,
      () => this.#changed.abort(),
      (err) => env.log.warn('changes of certificates are seen late', { folder, err }),
    )
  }

  async next(): Promise<void> {
    const { env, signal, checkMs = CHECK_MS } = this.#options
    const [changed, wait] = [
      this.#changed.signal,
      (ms: number, until: AbortSignal) => sleep(env.clock, ms, until).catch(nothing),
    ]
    await wait(checkMs, AbortSignal.any([changed, signal]))
    if (!changed.aborted) return
    await wait(SETTLE_MS, signal)
    this.#changed = new AbortController()
  }
}

/** The wait was cut short: there is something to do. */
const nothing = (): void => undefined
