import type { Clock } from '../../lib/clock.ts'
import { isMappedIpv4, parseIp } from '../../lib/ip.ts'
import { nextTurn } from '../../lib/turn.ts'

/** What belongs to no flow has so long in each turn of the event loop. */
const SLICE_MS = 1
/** The most pieces in one turn. */
const MOST_STEPS = 16
/** Pieces that may wait at a time, those of all addresses together. */
const MOST_WAITING = 2048

/** A piece of work for somebody who is not known yet. */
export interface Piece {
  /** The address of the connection's other end. */
  readonly remote: string | undefined
  /** Does it: at once, or in what this leaves to do in ticks and promise jobs. */
  begin(): void
  /** Cuts the connection off. */
  refuse(): void
}

/** Too many strangers want something at a time. */
export class NoRoomError extends Error {}

/**
 * Does in slices what is done before it is known whose it is, and so belongs to no flow: handshakes, the signatures of unknown tokens, refusals
 * of bad ones. Each costs as much as some requests, and hundreds at once must not keep those waiting who are known. On a quiet server all is
 * done in the turn that it came in. When there is too much for one turn, addresses take turns.
 */
export class Slices {
  readonly #clock: Clock
  readonly #most: number
  /** By where they come from, whose turn it is first. */
  readonly #waiting = new Map<string, Set<Piece>>()
  #count = 0
  /** When the first piece of this turn began. */
  #sinceMs: number | undefined
  #draining = false

  constructor(clock: Clock, most = MOST_WAITING) {
    this.#clock = clock
    this.#most = most
  }

  get waiting(): number {
    return this.#count
  }

  /** Resolves when the turn of whoever is at this address comes; undefined when that is now. Rejects with a NoRoomError. */
  turn(remote: string | undefined): Promise<void> | undefined {
    if (this.#isOpen()) return undefined
    return new Promise((resolve, reject) => {
      this.#wait({ remote, begin: resolve, refuse: () => reject(new NoRoomError('too many strangers')) })
    })
  }

  add(piece: Piece): void {
    if (this.#isOpen()) piece.begin()
    else this.#wait(piece)
  }

  #wait(piece: Piece): void {
    const origin = originOf(piece.remote)
    const same = this.#waiting.get(origin)
    if (same) same.add(piece)
    else this.#waiting.set(origin, new Set([piece]))
    this.#count++
    if (this.#count > this.#most) this.#refuseOne()
    if (this.#draining) return
    this.#draining = true
    void this.#drain()
  }

  /** Nobody waits for it any more. */
  remove(piece: Piece): void {
    const origin = originOf(piece.remote)
    const same = this.#waiting.get(origin)
    if (!same?.delete(piece)) return
    this.#count--
    if (same.size === 0) this.#waiting.delete(origin)
  }

  /** Whether this turn has time for another one. */
  #isOpen(): boolean {
    if (this.#draining) return false
    const now = this.#clock.monotonic()
    if (this.#sinceMs !== undefined) return now - this.#sinceMs < SLICE_MS
    this.#sinceMs = now
    void nextTurn().then(() => (this.#sinceMs = undefined))
    return true
  }

  /** Each step is by itself in its turn, so that all that it can do at once is done before the time is looked at again. */
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
      for (const piece of same) {
        same.delete(piece)
        this.#count--
        if (same.size > 0) this.#waiting.set(origin, same)
        return piece.begin()
      }
    }
  }

  /** The last one of the address that has the most. */
  #refuseOne(): void {
    let most: Set<Piece> | undefined
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
