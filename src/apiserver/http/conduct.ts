import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../lib/clock.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import { inNextTurn } from '../../lib/turn.ts'

/** Streams that one connection may reset, or have reset for its faults: some at once and so many a second (CVE-2023-44487, CVE-2025-8671). */
export const RESETS_AT_ONCE = 900
const RESETS_PER_SECOND = 30
/** Pings likewise: each is answered. Go's clients send one with each reset. */
export const PINGS_AT_ONCE = 2000
const PINGS_PER_SECOND = 100
/** Of the requests that come in one turn, those that are begun in it. */
const BEGUN_AT_ONCE = 16

const { NGHTTP2_ENHANCE_YOUR_CALM: ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR: NO_ERROR } = constants

/** How the client of one HTTP/2 connection behaves: who makes the server work for nothing is sent away with ENHANCE_YOUR_CALM. */
export class Conduct {
  readonly #session: ServerHttp2Session
  readonly #resets: TokenBucket
  #begun = 0
  #away = false

  constructor(clock: Clock, session: ServerHttp2Session) {
    this.#session = session
    this.#resets = new TokenBucket(clock, RESETS_PER_SECOND, RESETS_AT_ONCE)
    const pings = new TokenBucket(clock, PINGS_PER_SECOND, PINGS_AT_ONCE)
    session.on('ping', () => {
      if (!pings.tryTake()) this.#sendAway()
    })
  }

  /** Calls `answer`, but in the next turn where many requests have come at once, and never when by then the stream is reset. */
  begin(stream: ServerHttp2Stream, answer: () => void): void {
    if (this.#begun === 0) inNextTurn(() => (this.#begun = 0))
    if (++this.#begun <= BEGUN_AT_ONCE) return answer()
    inNextTurn(() => {
      if (!stream.closed && !stream.destroyed) answer()
    })
  }

  /** A stream is closed. */
  closed({ rstCode }: ServerHttp2Stream): void {
    if (rstCode !== NO_ERROR && !this.#resets.tryTake()) this.#sendAway()
  }

  #sendAway(): void {
    if (this.#away) return
    this.#away = true
    // Not in the midst of its frames: the last word would not be sent.
    inNextTurn(() => {
      if (!this.#session.destroyed) this.#session.destroy(new Error('too many resets or pings'), ENHANCE_YOUR_CALM)
    })
  }
}
