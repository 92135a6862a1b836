import type { Frozen } from '../../apimachinery/meta.ts'
import type { ServiceAccountTokenProjection } from '../../api/generated/types/core/v1.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { uidOf, type Pod } from '../pod/spec.ts'

/** A token as the API gives it. */
export interface IssuedToken {
  readonly token: string
  readonly expiresAtMs: number
}

/** Asks the API for a token bound to a pod. An empty audience is the API server's own. */
export type IssueToken = (pod: Pod, audience: string, expirationSeconds: number) => Promise<IssuedToken>

interface Entry extends IssuedToken {
  readonly uid: string
  readonly renewAtMs: number
  /** Its pod has been woken to renew it. */
  readonly told: boolean
}

const DAY_MS = 24 * 3600 * 1000
const DEFAULT_SECONDS = 3600
const RETRY_MS = 60_000

/**
 * Service account tokens for pods. A token is renewed when four fifths of its life, or a day, have passed: its pod is woken then, and asks
 * again. One timer serves all.
 */
export class Tokens {
  readonly #env: Env
  readonly #issue: IssueToken
  readonly #onDue: (uid: string) => void
  readonly #entries = new Map<string, Entry>()
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined

  constructor(env: Env, issue: IssueToken, onDue: (uid: string) => void) {
    this.#env = env
    this.#issue = issue
    this.#onDue = onDue
  }

  /** A token that is not due for renewal; the one at hand when renewing fails while that is still good. */
  async get(pod: Pod, projection: Frozen<ServiceAccountTokenProjection>): Promise<string> {
    const { audience = '', expirationSeconds = DEFAULT_SECONDS } = projection
    const key = `${uidOf(pod)}/${audience}/${expirationSeconds}`
    const known = this.#entries.get(key)
    const now = this.#env.clock.now()
    if (known && now < known.renewAtMs) return known.token
    try {
      const issued = await this.#issue(pod, audience, expirationSeconds)
      this.#keep(key, {
        ...issued,
        uid: uidOf(pod),
        renewAtMs: now + Math.min((issued.expiresAtMs - now) * 0.8, DAY_MS),
        told: false,
      })
      return issued.token
    } catch (error) {
      if (!known || known.expiresAtMs <= now) throw error
      this.#keep(key, { ...known, renewAtMs: now + RETRY_MS, told: false })
      return known.token
    }
  }

  /** Drops a pod's tokens. */
  forget(uid: string): void {
    for (const [key, entry] of this.#entries) if (entry.uid === uid) this.#entries.delete(key)
    this.#arm()
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#arm()
  }

  #arm(): void {
    let dueMs = Infinity
    for (const { renewAtMs, told } of this.#entries.values()) if (!told) dueMs = Math.min(dueMs, renewAtMs)
    if (this.#timer?.dueMs === dueMs) return
    this.#timer?.timer.cancel()
    this.#timer = undefined
    if (dueMs === Infinity) return
    const { clock } = this.#env
    this.#timer = { dueMs, timer: clock.setTimer(() => this.#fire(), Math.max(0, dueMs - clock.now())) }
  }

  #fire(): void {
    this.#timer = undefined
    const now = this.#env.clock.now()
    const pods = new Set<string>()
    for (const [key, entry] of this.#entries) {
      if (entry.told || entry.renewAtMs > now) continue
      pods.add(entry.uid)
      this.#entries.set(key, { ...entry, told: true })
    }
    for (const uid of pods) this.#onDue(uid)
    this.#arm()
  }
}
