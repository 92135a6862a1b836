import type { Clock } from '../../lib/clock.ts'

/** Bytes that a watcher may leave unread before its watch is cut; it then starts again from where it was. */
export const MOST_UNREAD_BYTES = 16 * 1024 * 1024
/** With less than this unread nobody is slow: a burst of events takes its time. */
const SLOW_BYTES = 256 * 1024
/** How long a watcher may stay slow. */
const SLOW_MS = 30_000
/** Who is slow for less may only have been sent much at once, as all who watch a large object are. */
const GRACE_MS = 1000

/** One watcher's connection. */
export interface Reader {
  /** How many bytes wait for it. */
  readonly unread: number
  /** Breaks the connection off. */
  cut(): void
}

interface Slow {
  readonly sinceMs: number
  bytes: number
}

/** Cuts watchers loose that do not read: who leaves too much unread, who stays behind for long, and the slowest when all together are too many. */
export class SlowReaders {
  readonly #clock: Clock
  readonly #mostBytes: number
  readonly #slow = new Map<Reader, Slow>()
  #bytes = 0

  /** `mostBytes`: what all that are slow may leave unread together. */
  constructor(clock: Clock, mostBytes: number) {
    this.#clock = clock
    this.#mostBytes = mostBytes
  }

  /** To be called before each event that is sent: what is unread then was there to be read. False when the reader was cut. */
  sending(reader: Reader): boolean {
    const { unread } = reader
    if (unread <= SLOW_BYTES) {
      if (this.#slow.size > 0) this.gone(reader)
      return true
    }
    const now = this.#clock.monotonic()
    const slow = this.#slow.get(reader) ?? { sinceMs: now, bytes: 0 }
    this.#slow.set(reader, slow)
    this.#bytes += unread - slow.bytes
    slow.bytes = unread
    if (unread > MOST_UNREAD_BYTES || now - slow.sinceMs > SLOW_MS) this.#cut(reader)
    else if (this.#bytes > this.#mostBytes) this.#cutSlowest(now - GRACE_MS)
    return this.#slow.has(reader)
  }

  /** The watch has ended. */
  gone(reader: Reader): void {
    const slow = this.#slow.get(reader)
    if (!slow) return
    this.#slow.delete(reader)
    this.#bytes -= slow.bytes
  }

  /** Of those who are slow since then; they stand in that order. */
  #cutSlowest(sinceMs: number): void {
    let slowest: Reader | undefined
    let most = 0
    for (const [reader, { bytes, sinceMs: since }] of this.#slow) {
      if (since > sinceMs) break
      if (bytes <= most) continue
      most = bytes
      slowest = reader
    }
    if (slowest) this.#cut(slowest)
  }

  #cut(reader: Reader): void {
    this.gone(reader)
    reader.cut()
  }
}
