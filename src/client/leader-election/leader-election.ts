import { leases } from '../../api/index.ts'
import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import { microTimestamp, type Frozen, type ObjectKey, splitKey } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { Client } from '../client.ts'
import type { EventRecorder } from '../events.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly env: Env
  /** The Lease, such as `kube-system/kube-scheduler`. */
  readonly lease: ObjectKey
  /** Unique among the candidates. */
  readonly identity: string
  readonly signal: AbortSignal
  /** How long the others wait after the last renewal they saw. Upstream's 15 s. */
  readonly leaseDurationMs?: number
  /** How long the leader tries to renew before it gives up. Must be less than the duration. Upstream's 10 s. */
  readonly renewDeadlineMs?: number
  /** Between two tries. Upstream's 2 s. */
  readonly retryPeriodMs?: number
  /** Give the Lease back when the signal aborts, so that the next leader need not wait. */
  readonly releaseOnStop?: boolean
  readonly events?: EventRecorder
  onNewLeader?(identity: string): void
}

const JITTER = 1.2

/**
 * Waits until this candidate leads, runs `lead` with a signal that aborts when it no longer does, and resolves when it has
 * ended: by itself, because the options' signal aborted, or because leadership was lost. Whoever wants to lead again calls again.
 */
export async function runWhenLeading(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const elector = new Elector(options)
  if (!(await elector.acquire())) return
  const leading = new AbortController()
  const stop = (): void => leading.abort(new Error('leadership ended'))
  const work = lead(leading.signal).finally(stop)
  const renewing = elector.renewUntilLost(leading.signal).finally(stop)
  try {
    await Promise.all([work, renewing])
  } finally {
    await renewing
    await elector.release()
  }
}

type Spec = NonNullable<Lease['spec']>

class Elector {
  readonly #options: LeaderElectionOptions
  readonly #durationMs: number
  readonly #deadlineMs: number
  readonly #periodMs: number
  /** The Lease as last seen, and when a change of it was last seen on our own clock (clocks of others may differ). */
  #seen: Frozen<Lease> | undefined
  #seenAtMs = 0

  constructor(options: LeaderElectionOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = options
    if (leaseDurationMs <= renewDeadlineMs) throw new Error('leaseDuration must be greater than renewDeadline')
    if (renewDeadlineMs <= retryPeriodMs * JITTER)
      throw new Error('renewDeadline must be greater than retryPeriod*JitterFactor')
    this.#options = options
    this.#durationMs = leaseDurationMs
    this.#deadlineMs = renewDeadlineMs
    this.#periodMs = retryPeriodMs
  }

  /** Resolves to true when this candidate leads, to false when the signal aborts first. */
  async acquire(): Promise<boolean> {
    const { signal, env } = this.#options
    while (!signal.aborted) {
      if (await this.#tryOnce()) {
        this.#record('became leader')
        return true
      }
      await this.#pause(this.#periodMs * (1 + JITTER * env.random.next()), signal)
    }
    return false
  }

  /** Resolves when the Lease could not be renewed in time, the work has ended, or the options' signal has aborted. */
  async renewUntilLost(workEnded: AbortSignal): Promise<void> {
    const { env } = this.#options
    const signal = AbortSignal.any([this.#options.signal, workEnded])
    let renewedMs = env.clock.monotonic()
    while (!signal.aborted) {
      await this.#pause(this.#periodMs, signal)
      if (signal.aborted) break
      if (await this.#tryOnce()) renewedMs = env.clock.monotonic()
      else if (env.clock.monotonic() - renewedMs >= this.#deadlineMs || !this.#holds()) break
    }
    this.#record('stopped leading')
  }

  async release(): Promise<void> {
    const { client, lease, releaseOnStop, env } = this.#options
    if (!releaseOnStop || !this.#seen || !this.#holds()) return
    const now = microTimestamp(env.clock.now())
    const spec: Spec = {
      ...(this.#seen.spec as Spec),
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: now,
      acquireTime: now,
    }
    try {
      await client(leases).update({ ...this.#seen, spec })
    } catch (err) {
      env.log.warn('could not release lease', { lease, err })
    }
  }

  /** Takes or renews the Lease; false when another holds it or the server does not answer. */
  async #tryOnce(): Promise<boolean> {
    const { client, lease, env, onNewLeader } = this.#options
    const formerHolder = this.#seen?.spec?.holderIdentity
    try {
      // 1. Holding it, renew what was last seen. 2. Else read, or create. 3. Leave it to a holder that still renews.
      // 4. Take it.
      if (this.#holds() && this.#seen && (await this.#write(this.#seen))) return true
      const found = await this.#read()
      if (!found)
        this.#observe(await client(leases).create({ metadata: this.#metadata(), spec: this.#spec(undefined) }))
      else if (!this.#holds() && found.spec?.holderIdentity && !this.#expired(found)) return false
      else return await this.#write(found)
      return true
    } catch (err) {
      env.log.debug('could not acquire or renew lease', { lease, err })
      return false
    } finally {
      const holder = this.#seen?.spec?.holderIdentity
      if (holder && holder !== formerHolder) onNewLeader?.(holder)
    }
  }

  async #read(): Promise<Frozen<Lease> | undefined> {
    try {
      const found = await this.#options.client(leases).get(this.#options.lease)
      if (found.metadata.resourceVersion !== this.#seen?.metadata.resourceVersion) this.#observe(found)
      return found
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  /** False on a conflict: somebody else wrote. */
  async #write(found: Frozen<Lease>): Promise<boolean> {
    try {
      this.#observe(await this.#options.client(leases).update({ ...found, spec: this.#spec(found) }))
      return true
    } catch (error) {
      if (hasReason(error, 'Conflict', 'NotFound')) return false
      throw error
    }
  }

  #spec(found: Frozen<Lease> | undefined): Spec {
    const { identity, env } = this.#options
    const now = microTimestamp(env.clock.now())
    const isRenewal = found?.spec?.holderIdentity === identity
    const transitions = found?.spec?.leaseTransitions ?? 0
    return {
      ...(found?.spec as Spec | undefined),
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: (isRenewal && found.spec?.acquireTime) || now,
      renewTime: now,
      leaseTransitions: found && !isRenewal ? transitions + 1 : transitions,
    }
  }

  #metadata(): Lease['metadata'] {
    const { namespace, name } = splitKey(this.#options.lease)
    return { name, ...(namespace && { namespace }) }
  }

  #observe(lease: Frozen<Lease>): void {
    this.#seen = lease
    this.#seenAtMs = this.#options.env.clock.monotonic()
  }

  #holds(): boolean {
    return this.#seen?.spec?.holderIdentity === this.#options.identity
  }

  #expired(lease: Frozen<Lease>): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000
    return this.#seenAtMs + durationMs <= this.#options.env.clock.monotonic()
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#options.env.clock, ms, signal).catch(() => undefined)
  }

  #record(what: string): void {
    const { events, identity, lease, env } = this.#options
    env.log.info(what, { lease, identity })
    if (this.#seen) events?.event(this.#seen, 'Normal', 'LeaderElection', `${identity} ${what}`)
  }
}
