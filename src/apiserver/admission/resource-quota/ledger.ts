import type { ResourceQuota } from '../../../api/generated/types/core/v1.ts'
import { resourceQuotas } from '../../../api/core/v1/resourcequota.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Entry, Store } from '../../../store/store.ts'
import { ResourceCodec } from '../../registry/codec.ts'
import { charge, type Request } from './charge.ts'
import { type LimitedResource, type Refusal, uncovered } from './limited.ts'

/** Someone else wrote a quota in between so often that something must be wrong. */
const ATTEMPTS = 10

interface Waiting {
  readonly request: Request
  readonly dryRun: boolean
  readonly settle: (refusal: Refusal | undefined) => void
  readonly fail: (error: unknown) => void
}

interface Open {
  readonly entry: Entry
  quota: Frozen<ResourceQuota>
  changed: boolean
}

/**
 * Charges requests to the quotas of their namespace, one batch at a time for each namespace: many requests at once cost one write of a
 * quota, and no two of them are charged to the same state of it.
 */
export class QuotaLedger {
  readonly #store: Store
  readonly #clock: Clock
  readonly #limited: readonly LimitedResource[]
  readonly #codec = new ResourceCodec(resourceQuotas, false)
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #busy = new Set<string>()

  constructor(store: Store, clock: Clock, limited: readonly LimitedResource[]) {
    this.#store = store
    this.#clock = clock
    this.#limited = limited
  }

  /** Resolves when every quota of the namespace holds the request: with why not, when one of them does not allow it. */
  charge(namespace: string, request: Request, dryRun: boolean): Promise<Refusal | undefined> {
    return new Promise((settle, fail) => {
      const waiting = this.#waiting.get(namespace) ?? []
      waiting.push({ request, dryRun, settle, fail })
      this.#waiting.set(namespace, waiting)
      if (!this.#busy.has(namespace)) void this.#work(namespace)
    })
  }

  /** Never rejects. */
  async #work(namespace: string): Promise<void> {
    this.#busy.add(namespace)
    for (let batch = this.#take(namespace); batch.length > 0; batch = this.#take(namespace)) {
      try {
        await this.#settleBatch(namespace, batch)
      } catch (error) {
        for (const { fail } of batch) fail(error)
      }
    }
    this.#busy.delete(namespace)
  }

  #take(namespace: string): Waiting[] {
    const batch = this.#waiting.get(namespace) ?? []
    this.#waiting.delete(namespace)
    return batch
  }

  async #settleBatch(namespace: string, batch: readonly Waiting[]): Promise<void> {
    let open = batch
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const quotas = await this.#read(namespace)
      const granted: Waiting[] = []
      for (const waiting of open) {
        const refusal = apply(quotas, waiting, this.#limited, this.#clock.now())
        if (refusal === undefined) granted.push(waiting)
        else waiting.settle(refusal)
      }
      if (await this.#write(quotas)) {
        for (const { settle } of granted) settle(undefined)
        return
      }
      open = granted
    }
    throw internalError(new Error('resource quota evaluation timed out'))
  }

  async #read(namespace: string): Promise<Open[]> {
    const { entries } = await this.#store.range(`${resourceQuotas.storagePrefix}/${namespace}/`)
    return entries.map((entry) => ({
      entry,
      quota: this.#codec.decodeEntry(entry) as Frozen<ResourceQuota>,
      changed: false,
    }))
  }

  /** Whether all could be written. When one could not, the others are put back, so that nothing is charged twice. */
  async #write(quotas: readonly Open[]): Promise<boolean> {
    const changed = quotas.filter((open) => open.changed)
    const writes = changed.map(async ({ entry, quota }) => {
      const value = this.#codec.encode(quota)
      return { entry, result: await this.#store.write({ key: entry.key, value, expect: entry.modRevision }) }
    })
    const written = await Promise.all(writes)
    if (written.every(({ result }) => result.ok)) return true
    for (const { entry, result } of written) {
      if (result.ok) await this.#store.write({ key: entry.key, value: entry.value, expect: result.revision })
    }
    return false
  }
}

/** Charges one request to all quotas or to none; why not, if so. */
function apply(
  quotas: readonly Open[],
  { request, dryRun }: Waiting,
  limited: readonly LimitedResource[],
  now: number,
): Refusal | undefined {
  const all = quotas.map(({ quota }) => quota)
  const open = uncovered(limited, all, request, now)
  if (open) return open
  const charged = new Map<Open, Frozen<ResourceQuota>>()
  for (const open of quotas) {
    const decision = charge(open.quota, request, now)
    if (!decision) continue
    if ('refusal' in decision) return { why: decision.refusal }
    charged.set(open, { ...open.quota, status: { ...open.quota.status, used: decision.used } })
  }
  if (dryRun) return undefined
  for (const [open, quota] of charged) Object.assign(open, { quota, changed: true })
  return undefined
}
