const FIRST_MS = 1000
const MAX_MS = 15 * 60_000

/** How soon failed daemons may be removed again, so that they don't come and go without end on a node that refuses them. */
export class FailureBackoff {
  readonly #entries = new Map<string, { delayMs: number; atMs: number }>()

  /** 0 when a failed daemon may be removed now, which is noted; else the ms to wait. */
  tryRemove(key: string, now: number): number {
    this.#forgetOld(now)
    const entry = this.#entries.get(key)
    const leftMs = entry ? entry.atMs + entry.delayMs - now : 0
    if (leftMs > 0) return leftMs
    this.#entries.set(key, { delayMs: entry ? Math.min(entry.delayMs * 2, MAX_MS) : FIRST_MS, atMs: now })
    return 0
  }

  #forgetOld(now: number): void {
    for (const [key, { atMs }] of this.#entries) if (now - atMs > 2 * MAX_MS) this.#entries.delete(key)
  }
}
