import { PodWorker } from './worker.ts'
import type { PodMeans } from './means.ts'
import { orphanOf } from './orphan.ts'
import { isTerminal, uidOf, type Pod } from './spec.ts'
import type { PodHandler } from './source.ts'

/** Why a pod may not run here; undefined when it may. */
export type Admission = (
  pod: Pod,
  others: readonly Pod[],
) => { readonly reason: string; readonly message: string } | undefined

export interface PodWorkersOptions {
  readonly means: PodMeans
  readonly admit: Admission
  /** Where the workers are found by others, by uid. */
  readonly registry: Map<string, PodWorker>
  /** A pod has come or gone. */
  readonly onPods: () => void
  /** Every pod in the API has been told. */
  readonly onSynced: () => void
}

/** The workers of all pods on this node. */
export class PodWorkers implements PodHandler {
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, PodWorker>()
  readonly #awaited = new Map<string, (() => void)[]>()

  constructor(options: PodWorkersOptions) {
    this.#options = options
  }

  /** The pods that are here, in no order. */
  pods(): Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod)
  }

  get(uid: string): Pod | undefined {
    return this.#workers.get(uid)?.pod
  }

  /** Resolves when nothing is left of the pod here. */
  gone(uid: string): Promise<void> {
    if (!this.#workers.has(uid)) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.set(uid, [...(this.#awaited.get(uid) ?? []), resolve]))
  }

  /** The others that hold resources. */
  besides(pod: Pod): Pod[] {
    return this.#active().filter((other) => uidOf(other) !== uidOf(pod))
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)
  }

  set(pod: Pod): void {
    const uid = uidOf(pod)
    const known = this.#workers.get(uid)
    if (known) return known.update(pod)
    const problem = this.#isNew(pod) ? this.#options.admit(pod, this.#active()) : undefined
    const worker = this.#add(uid, pod)
    if (problem) {
      this.#options.means.events.event(pod, 'Warning', problem.reason, problem.message)
      worker.end({ reason: problem.reason, message: `Pod was rejected: ${problem.message}` })
    } else {
      worker.wake()
    }
  }

  removed(pod: Pod): void {
    this.#workers.get(uidOf(pod))?.removed(pod)
  }

  /** Everything in the API has been told: what else the runtime has belongs to nobody, and goes. */
  synced(): void {
    const { means, onSynced } = this.#options
    for (const pod of means.observed.all()) {
      if (!this.#workers.has(pod.uid)) this.#add(pod.uid, orphanOf(pod)).removed()
    }
    onSynced()
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  /** Leaves everything as it runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
  }

  #add(uid: string, pod: Pod): PodWorker {
    const { means, registry, onPods } = this.#options
    const worker = new PodWorker(pod, means, () => {
      this.#workers.delete(uid)
      registry.delete(uid)
      onPods()
      for (const resolve of this.#awaited.get(uid) ?? []) resolve()
      this.#awaited.delete(uid)
      for (const other of this.#workers.values()) if (other.resizePending) other.wake()
    })
    this.#workers.set(uid, worker)
    registry.set(uid, worker)
    onPods()
    return worker
  }

  /** A pod that runs here already was admitted before. */
  #isNew(pod: Pod): boolean {
    const started = this.#options.means.observed.get(uidOf(pod)) !== undefined
    return !started && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined
  }

  /** The pods that hold resources. */
  #active(): Pod[] {
    return [...this.#workers.values()].filter(({ active, pod }) => active && !isTerminal(pod)).map(({ pod }) => pod)
  }
}
