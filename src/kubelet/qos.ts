import type { Timer } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { cpuShares } from './container/resources.ts'
import type { Cgroups } from './host/cgroups.ts'
import { podAmounts, qosOf } from './pod/resources.ts'
import { isTerminal, type Pod } from './pod/spec.ts'

export interface QosCgroupsOptions {
  readonly env: Env
  readonly cgroups: Cgroups
  /** The cgroup of all pods. */
  readonly root: string
  readonly cpus: number
  readonly pods: () => readonly Pod[]
}

/** What changes together is written together. */
const SETTLE_MS = 50
const BEST_EFFORT_SHARES = 2

/**
 * The cgroups above the pods' own, by QoS class (upstream's qosContainerManager): best-effort pods together get the least there is,
 * burstable pods together what they ask for, so that neither takes CPU from the guaranteed ones.
 */
export class QosCgroups {
  readonly #options: QosCgroupsOptions
  #shares: number | undefined
  #timer: Timer | undefined

  constructor(options: QosCgroupsOptions) {
    this.#options = options
  }

  /** Makes the cgroups. */
  async prepare(): Promise<void> {
    const { cgroups, root, cpus } = this.#options
    await cgroups.ensure(root, { cpuShares: cpuShares(cpus * 1000) })
    await cgroups.ensure(`${root}/besteffort`, { cpuShares: BEST_EFFORT_SHARES })
    await cgroups.ensure(`${root}/burstable`, { cpuShares: this.#shares ?? BEST_EFFORT_SHARES })
  }

  /** The pods are not the same any more. */
  changed(): void {
    this.#timer ??= this.#options.env.clock.setTimer(() => this.#update(), SETTLE_MS)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #update(): void {
    this.#timer = undefined
    const { cgroups, root, pods, env } = this.#options
    const burstable = pods().filter((pod) => !isTerminal(pod) && qosOf(pod) === 'Burstable')
    const shares = cpuShares(burstable.reduce((sum, pod) => sum + (podAmounts(pod, 'requests').get('cpu') ?? 0), 0))
    if (shares === this.#shares) return
    this.#shares = shares
    cgroups
      .ensure(`${root}/burstable`, { cpuShares: shares })
      .catch((err: unknown) => env.log.warn('could not set the shares of burstable pods', { err }))
  }
}
