import { isConditionTrue } from '../../api/core/v1/pod-conditions.ts'
import type { Node } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Clock } from '../../lib/clock.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import { evictionRate, zoneOf, zoneState, type ZoneCount } from './health.ts'

/** The counts of zones are taken anew this often. */
const COUNTED_FOR_MS = 1000

/** Limits how fast nodes are marked so that their pods are driven away, zone by zone. */
export class Zones {
  readonly #clock: Clock
  readonly #limits = new Map<string, { readonly rate: number; readonly bucket: TokenBucket }>()
  #counts = new Map<string, ZoneCount>()
  #countedMs = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts the nodes of each zone, if that was not done a moment ago. */
  count(list: () => readonly Frozen<Node>[]): void {
    const now = this.#clock.monotonic()
    if (now - this.#countedMs < COUNTED_FOR_MS) return
    this.#countedMs = now
    this.#counts = new Map()
    for (const node of list()) {
      const zone = zoneOf(node)
      const { ready, notReady } = this.#counts.get(zone) ?? { ready: 0, notReady: 0 }
      const isReady = isConditionTrue(node.status?.conditions, 'Ready')
      this.#counts.set(zone, isReady ? { ready: ready + 1, notReady } : { ready, notReady: notReady + 1 })
    }
  }

  /** No node of any zone is ready: then more likely we are cut off than all of them. */
  get allDisrupted(): boolean {
    return this.#counts.size > 0 && [...this.#counts.values()].every((count) => zoneState(count) === 'full')
  }

  /** Takes leave to mark this node now, if its zone has any. */
  tryMark(node: Frozen<Node>): boolean {
    const zone = zoneOf(node)
    const rate = evictionRate(this.#counts.get(zone) ?? { ready: 0, notReady: 1 })
    if (rate === 0) return false
    let limit = this.#limits.get(zone)
    if (limit?.rate !== rate) {
      limit = { rate, bucket: new TokenBucket(this.#clock, rate, 1) }
      this.#limits.set(zone, limit)
    }
    return limit.bucket.tryTake()
  }
}
