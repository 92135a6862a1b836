import type { Clock } from '../../lib/clock.ts'
import type { Cluster } from './cluster.ts'
import { methods } from './messages.ts'

interface Pool {
  readonly id: Promise<number | bigint>
  readonly expiresMs: number
  keys: number
}

/** Upstream's lease manager: a lease serves keys for a minute, or for a twentieth of its time, and no more than so many. */
const REUSE_MS = 60_000
const REUSE_SHARE = 0.05
const MOST_KEYS = 1000

/**
 * Leases for keys that delete themselves. Many keys share one, because leases are dear; a key so lives up to a minute longer than it asked
 * for, never less.
 */
export class Leases {
  readonly #cluster: Cluster
  readonly #clock: Clock
  /** The newest lease for each time to live. */
  readonly #pools = new Map<number, Pool>()

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  /** The lease that `get` returned for this is gone, as when etcd was restored. */
  forget(ttlMs: number): void {
    this.#pools.delete(Math.ceil(ttlMs / 1000))
  }

  /** A lease that lasts at least `ttlMs` from now. */
  async get(ttlMs: number): Promise<number | bigint> {
    const seconds = Math.ceil(ttlMs / 1000)
    const nowMs = this.#clock.monotonic()
    const known = this.#pools.get(seconds)
    const reuseMs = Math.min(REUSE_MS, seconds * 1000 * REUSE_SHARE)
    if (known && nowMs + ttlMs < known.expiresMs && known.keys < MOST_KEYS) {
      known.keys++
      return known.id
    }
    const ttl = Math.ceil(seconds + reuseMs / 1000)
    const id = this.#cluster.write(methods.leaseGrant, { ttl }).then((lease) => lease.id)
    for (const [other, { expiresMs }] of this.#pools) if (expiresMs <= nowMs) this.#pools.delete(other)
    const pool: Pool = { id, expiresMs: nowMs + ttl * 1000, keys: 1 }
    this.#pools.set(seconds, pool)
    try {
      return await id
    } catch (error) {
      if (this.#pools.get(seconds) === pool) this.#pools.delete(seconds)
      throw error
    }
  }
}
