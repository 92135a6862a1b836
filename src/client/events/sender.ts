import { StatusError } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'

/** client-go's limits: what may wait to be sent, and how often and at what pace one is tried. */
const QUEUE_LIMIT = 1000
const MAX_TRIES = 12
const RETRY_MS = 10_000

/**
 * Sends Events one after another. What cannot be sent yet waits; beyond a thousand, or after two minutes of trying, it is
 * dropped; the log says when that begins, and how many they were. A refusal of the server is final.
 */
export class EventSender {
  readonly #env: Env
  readonly #signal: AbortSignal
  readonly #queue: (() => Promise<void>)[] = []
  #sending = false
  /** Since the queue was last empty. */
  #dropped = 0

  constructor(env: Env, signal: AbortSignal) {
    this.#env = env
    this.#signal = signal
  }

  /** Queues one Event. `send` is called when its turn comes, and again when there was no answer. */
  push(send: () => Promise<void>): void {
    if (this.#signal.aborted) return
    if (this.#queue.length >= QUEUE_LIMIT) {
      if (this.#dropped++ === 0) this.#env.log.warn('too many queued events, dropping what comes')
      return
    }
    this.#queue.push(send)
    if (!this.#sending) void this.#drain()
  }

  async #drain(): Promise<void> {
    this.#sending = true
    for (let send = this.#queue.shift(); send && !this.#signal.aborted; send = this.#queue.shift()) {
      await this.#trySend(send)
    }
    this.#sending = false
    if (this.#dropped > 0) this.#env.log.warn('too many queued events, dropped some', { dropped: this.#dropped })
    this.#dropped = 0
  }

  async #trySend(send: () => Promise<void>): Promise<void> {
    const { clock, random, log } = this.#env
    for (let tries = 1; !this.#signal.aborted; tries++) {
      try {
        return await send()
      } catch (err) {
        if (err instanceof StatusError) return logRefusal(err, log)
        if (tries === MAX_TRIES) return log.warn('could not write event, gave up', { err })
        // Only the first wait is random: enough to keep clients apart.
        await sleep(clock, tries === 1 ? RETRY_MS * random.next() : RETRY_MS, this.#signal).catch(() => undefined)
      }
    }
  }
}

function logRefusal(err: StatusError, log: Env['log']): void {
  const causes = err.status.details?.causes ?? []
  const expected = err.reason === 'AlreadyExists' || causes.some((cause) => cause.reason === 'NamespaceTerminating')
  if (expected) log.debug('server refused event', { err })
  else log.warn('server refused event', { err })
}
