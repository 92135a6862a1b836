import type { RuntimePods } from '../runtime/pods.ts'
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

/** The workers of all pods on this node. */
export class PodWorkers implements PodHandler {
  readonly #means: PodMeans
  readonly #admit: Admission
  readonly #onSynced: () => void
  readonly #workers = new Map<string, PodWorker>()

  constructor(means: PodMeans, admit: Admission, onSynced: () => void) {
    this.#means = means
    this.#admit = admit
    this.#onSynced = onSynced
  }

  /** The pods that are here, in no order. */
  pods(): Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod)
  }

  get(uid: string): Pod | undefined {
    return this.#workers.get(uid)?.pod
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)
  }

  set(pod: Pod): void {
    const uid = uidOf(pod)
    const known = this.#workers.get(uid)
    if (known) return known.update(pod)
    const worker = new PodWorker(pod, this.#means, () => void this.#workers.delete(uid))
    const problem = this.#isNew(pod) ? this.#admit(pod, this.#active()) : undefined
    this.#workers.set(uid, worker)
    if (problem) {
      this.#means.events.event(pod, 'Warning', problem.reason, problem.message)
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
    this.removeOrphans(this.#means.observed)
    this.#onSynced()
  }

  removeOrphans(observed: RuntimePods): void {
    for (const pod of observed.all()) {
      if (this.#workers.has(pod.uid)) continue
      const worker = new PodWorker(orphanOf(pod), this.#means, () => void this.#workers.delete(pod.uid))
      this.#workers.set(pod.uid, worker)
      worker.removed()
    }
  }

  /** Something of this pod has changed. */
  wake(uid: string): void {
    this.#workers.get(uid)?.wake()
  }

  /** Something that this pod refers to has changed. */
  retry(uid: string): void {
    this.#workers.get(uid)?.retry()
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  /** Leaves everything as it runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
  }

  /** A pod that runs here already was admitted before. */
  #isNew(pod: Pod): boolean {
    const started = this.#means.observed.get(uidOf(pod)) !== undefined
    return !started && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined
  }

  #active(): Pod[] {
    return [...this.#workers.values()].filter(({ active, pod }) => active && !isTerminal(pod)).map(({ pod }) => pod)
  }
}
