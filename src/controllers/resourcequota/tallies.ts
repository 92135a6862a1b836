import type { ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { Lister } from '../../client/controller.ts'
import type { Clock } from '../../lib/clock.ts'
import { countedResources } from './plan.ts'
import { QuotaTally } from './tally.ts'

type Quota = Frozen<ResourceQuota>

/** The tallies of all quotas that are there. */
export class Tallies {
  readonly #tallies = new Map<ObjectKey, QuotaTally>()

  /** Of a quota that was seen. */
  of(quota: Quota): QuotaTally | undefined {
    const tally = this.#tallies.get(keyOf(quota))
    return tally?.uid === quota.metadata.uid ? tally : undefined
  }

  /** A quota is new, another, or gone. Whether something was charged to it. */
  see(now: Quota | undefined, old: Quota | undefined, clock: Clock): boolean {
    if (now) return this.#made(now).observe(now, clock)
    if (old) this.#tallies.delete(keyOf(old))
    return false
  }

  /** What an object uses no longer is noted for all quotas of its namespace; the keys of those that have to be written, or looked at. */
  *note(
    resource: string,
    now: Frozen<KubeObject> | undefined,
    old: Frozen<KubeObject> | undefined,
    quotas: Lister<ResourceQuota>,
    clock: Clock,
  ): Generator<ObjectKey> {
    for (const quota of quotas.list((now ?? old)?.metadata.namespace ?? '')) {
      if (!countedResources(quota).includes(resource)) continue
      const tally = this.of(quota)
      if (now && !old) tally?.arrived(quota, resource, now, clock.now())
      if (old ? tally?.note(quota, resource, now, old) : clock.monotonic() < (tally?.unchargedUntilMs ?? 0))
        yield keyOf(quota)
    }
  }

  #made(quota: Quota): QuotaTally {
    const known = this.of(quota)
    if (known) return known
    const tally = new QuotaTally(quota.metadata.uid ?? '')
    this.#tallies.set(keyOf(quota), tally)
    return tally
  }
}
