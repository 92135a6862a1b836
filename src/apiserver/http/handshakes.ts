import type { Clock } from '../../lib/clock.ts'
import { isMappedIpv4, parseIp } from '../../lib/ip.ts'
import { nextTurn } from '../../lib/turn.ts'

/** Handshakes are begun for so long in each turn of the event loop; each costs the thread as much as many requests. */
const SLICE_MS = 1
/** The most that are begun in one turn. */
const MOST_STEPS = 16
/** Connections that may wait at a time, those of all addresses together. */
const MOST_WAITING = 2048

/** A connection whose first bytes are there, and with which nothing was done yet. */
export interface Arrived {
  /** The address of the other end. */
  readonly remote: string | undefined
  /** Begins the handshake: at once, or in what this leaves to do at the end of the turn's step (ticks, promise jobs). */
  begin(): void
  /** Cuts the connection off. */
  refuse(): void
}

/**
 * Takes handshakes up in slices: they belong to no flow, and hundreds of connections that come at once must not keep requests waiting. On a
 * quiet server a handshake begins in the turn that it came in. When there are too many for one turn, addresses take turns.
 */
export class Handshakes {
  readonly #clock: Clock
  readonly #most: number
  /** By where they come from, whose turn it is first. */
  readonly #waiting = new Map<string, Set<Arrived>>()
  #count = 0
  /** When the first handshake of this turn began. */
  #sinceMs: number | undefined
  #draining = false

  constructor(clock: Clock, most = MOST_WAITING) {
    this.#clock = clock
    this.#most = most
  }

  get waiting(): number {
    return this.#count
  }

  add(arrived: Arrived): void {
    if (!this.#draining && this.#open()) return arrived.begin()
    const origin = originOf(arrived.remote)
    const same = this.#waiting.get(origin)
    if (same) same.add(arrived)
    else this.#waiting.set(origin, new Set([arrived]))
    this.#count++
    if (this.#count > this.#most) this.#refuseOne()
    if (this.#draining) return
    this.#draining = true
    void this.#drain()
  }

  /** The connection has gone. */
  remove(arrived: Arrived): void {
    const origin = originOf(arrived.remote)
    const same = this.#waiting.get(origin)
    if (!same?.delete(arrived)) return
    this.#count--
    if (same.size === 0) this.#waiting.delete(origin)
  }

  /** Whether this turn has time for another one. */
  #open(): boolean {
    const now = this.#clock.monotonic()
    if (this.#sinceMs !== undefined) return now - this.#sinceMs < SLICE_MS
    this.#sinceMs = now
    void nextTurn().then(() => (this.#sinceMs = undefined))
    return true
  }

  /** Each step is by itself in its turn, so that all of a handshake that can be done is done before the time is looked at again. */
  async #drain(): Promise<void> {
    while (this.#count > 0) {
      let startedMs: number | undefined
      const step = (): void => {
        const now = this.#clock.monotonic()
        startedMs ??= now
        if (now - startedMs < SLICE_MS) this.#beginOne()
      }
      await Promise.all(Array.from({ length: Math.min(this.#count, MOST_STEPS) }, () => nextTurn().then(step)))
    }
    this.#draining = false
  }

  #beginOne(): void {
    for (const [origin, same] of this.#waiting) {
      this.#waiting.delete(origin)
      for (const arrived of same) {
        same.delete(arrived)
        this.#count--
        if (same.size > 0) this.#waiting.set(origin, same)
        return arrived.begin()
      }
    }
  }

  /** The last one of the address that has the most. */
  #refuseOne(): void {
    let most: Set<Arrived> | undefined
    for (const same of this.#waiting.values()) if (!most || same.size > most.size) most = same
    const last = most && [...most].at(-1)
    if (!last) return
    this.remove(last)
    last.refuse()
  }
}

/** Whoever has one address of IPv6 has all that share its first 64 bits. */
function originOf(remote = ''): string {
  if (!remote.includes(':')) return remote
  const ip = parseIp(remote.split('%', 1)[0] ?? '')
  return !ip || isMappedIpv4(ip) ? remote : `${ip.value >> 64n}::/64`
}
