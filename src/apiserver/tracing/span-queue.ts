import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { SpanRecord } from './span.ts'

/** Sends spans to whoever collects them. */
export type ExportSpans = (spans: readonly SpanRecord[]) => Promise<void>

/** OpenTelemetry's own defaults. */
const MOST_WAITING = 2048
const MOST_AT_ONCE = 512
const EVERY_MS = 5000

/** Spans on their way out: sent in batches, one at a time. When the collector does not keep up, or is away, new ones are dropped. */
export class SpanQueue {
  readonly #env: Env
  readonly #export: ExportSpans
  #waiting: SpanRecord[] = []
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  #dropped = 0

  constructor(env: Env, exportSpans: ExportSpans) {
    this.#env = env
    this.#export = exportSpans
  }

  add(span: SpanRecord): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++
      return
    }
    this.#waiting.push(span)
    if (this.#waiting.length >= MOST_AT_ONCE) void this.#send()
    else this.#timer ??= this.#env.clock.setTimer(() => void this.#send(), EVERY_MS)
  }

  /** Sends what waits. */
  async close(): Promise<void> {
    await this.#sending
    await this.#send()
  }

  #send(): Promise<void> {
    return (this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined)))
  }

  async #sendAll(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MOST_AT_ONCE)
      this.#waiting = this.#waiting.slice(MOST_AT_ONCE)
      try {
        await this.#export(batch)
      } catch (error) {
        // As upstream: the batch is lost, and the server goes on.
        this.#env.log.warn('traces could not be exported', { err: error, spans: batch.length, dropped: this.#dropped })
        this.#dropped = 0
      }
    }
  }
}
