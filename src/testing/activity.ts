import { nextTurn } from '../lib/turn.ts'

/** Turns of the event loop without any request before the cluster counts as settled. */
const QUIET_TURNS = 3

/** Knows whether anything is going on, by the requests that pass: what does not ask or tell the API server waits for time or events. */
export class Activity {
  #requests = 0
  #underWay = 0

  /** Runs a request. Watches last, so they count only while they are set up. */
  async during<T>(watching: boolean, run: () => Promise<T>): Promise<T> {
    this.#requests++
    if (watching) return run()
    this.#underWay++
    try {
      return await run()
    } finally {
      this.#underWay--
    }
  }

  /** Resolves when no request has been made, and none has been under way, for a few turns of the event loop. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = this.#requests
      await nextTurn()
      quiet = this.#requests === before && this.#underWay === 0 ? quiet + 1 : 0
    }
  }
}
