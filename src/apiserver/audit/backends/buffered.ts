import { sleep, type Timer } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import { TokenBucket } from '../../../lib/token-bucket.ts'
import type { AuditEvent } from '../event.ts'
import type { AuditBackend, LostEvents } from './sink.ts'

/** How events are gathered before they are passed on. */
export interface BatchOptions {
  /** Events that may wait. What comes when so many do is lost. */
  readonly bufferSize: number
  readonly maxBatchSize: number
  /** The longest that an event waits for others; of no account for batches of one. */
  readonly maxBatchWaitMs: number
  readonly throttle?: { readonly qps: number; readonly burst: number } | undefined
  /** The next batch is sent while the last is still on its way. */
  readonly async: boolean
}

/** Gathers events and passes them on by itself, so that nobody waits for it (upstream's mode "batch"). */
export class BufferedBackend implements AuditBackend {
  readonly #delegate: AuditBackend
  readonly #options: BatchOptions
  readonly #clock: Env['clock']
  readonly #lost: LostEvents
  readonly #throttle: TokenBucket | undefined
  readonly #sending = new Set<Promise<unknown>>()
  #waiting: AuditEvent[] = []
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(delegate: AuditBackend, options: BatchOptions, { clock }: Pick<Env, 'clock'>, lost: LostEvents) {
    const { throttle } = options
    this.#delegate = delegate
    this.#options = options
    this.#clock = clock
    this.#lost = lost
    if (throttle) this.#throttle = new TokenBucket(clock, throttle.qps, throttle.burst)
  }

  process(events: readonly AuditEvent[]): boolean {
    if (this.#closed) this.#lost('buffered', new Error('audit backend shut down'), events)
    else {
      const room = this.#options.bufferSize - this.#waiting.length
      this.#waiting.push(...events.slice(0, room))
      if (events.length > room) this.#lost('buffered', new Error('audit buffer queue blocked'), events.slice(room))
      this.#wake()
    }
    return true
  }

  async shutdown(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    while (this.#waiting.length > 0 || this.#running) await (this.#running ?? this.#start())
    await Promise.all(this.#sending)
    await this.#delegate.shutdown()
  }

  #wake(): void {
    if (this.#running || this.#waiting.length === 0) return
    const { maxBatchSize, maxBatchWaitMs } = this.#options
    if (maxBatchSize === 1 || this.#waiting.length >= maxBatchSize) return void this.#start()
    this.#timer ??= this.#clock.setTimer(() => void this.#start(), maxBatchWaitMs)
  }

  #start(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running ??= this.#pass().finally(() => {
      this.#running = undefined
      this.#wake()
    })
    return this.#running
  }

  /** Sends what waits: whole batches, and the rest too when this was woken for it. */
  async #pass(): Promise<void> {
    // What else comes in this turn goes along.
    await Promise.resolve()
    do {
      // One by one would be one write each: what goes to the same file goes there together.
      const batch = this.#waiting.splice(
        0,
        this.#options.maxBatchSize === 1 ? MOST_AT_ONCE : this.#options.maxBatchSize,
      )
      const delay = this.#throttle?.reserve() ?? 0
      if (delay > 0) await sleep(this.#clock, delay)
      const sent = Promise.resolve(this.#delegate.process(batch))
      if (!this.#options.async) await sent
      else {
        this.#sending.add(sent)
        void sent.finally(() => this.#sending.delete(sent))
      }
    } while (this.#waiting.length >= this.#options.maxBatchSize)
  }
}

const MOST_AT_ONCE = 1000
