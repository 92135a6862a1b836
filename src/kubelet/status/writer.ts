import { pods } from '../../api/core/v1/pod.ts'
import type { PodStatus } from '../../api/generated/types/core/v1.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { Backoff } from '../../lib/backoff.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { isOnlyGeneration, statusPatch } from './diff.ts'

export interface StatusWriterOptions {
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** How long a status may wait for another that overtakes it. 0: not at all. */
  readonly delayMs: number
  /** What the API answered: the pod with its status written. */
  readonly onWritten: (pod: Pod) => void
}

interface Pending {
  pod: Pod
  wanted: PodStatus
  /** Aborted when there is something to say that does not wait. */
  readonly hurry: AbortController
  /** The write that is under way. */
  running: Promise<void> | undefined
}

/** How long the news that a newer generation has been seen waits for other news to go with. */
const GENERATION_MS = 1000
const RETRY = { firstMs: 500, maxMs: 10_000, factor: 2, jitter: 0.2, resetAfterMs: 60_000 }

/**
 * Writes pods' statuses to the API: only what has changed, one write of a pod at a time, the latest status overtaking those that have not
 * been written yet. Tries again until it succeeds or the pod is gone.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #pending = new Map<string, Pending>()

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** `pod` carries the status that the API is known to have. */
  set(pod: Pod, wanted: PodStatus): void {
    const uid = uidOf(pod)
    const pending = this.#pending.get(uid)
    const patch = statusPatch(pod.status, wanted)
    if (!pending && !patch) return
    const entry = pending ?? { pod, wanted, hurry: new AbortController(), running: undefined }
    entry.pod = pod
    entry.wanted = wanted
    if (patch && !isOnlyGeneration(pod.status, patch)) entry.hurry.abort()
    this.#pending.set(uid, entry)
    entry.running ??= this.#write(uid, entry)
  }

  /** Resolves when what was last set for a pod is written, or the pod is gone from the API. */
  async flushed(uid: string): Promise<void> {
    const entry = this.#pending.get(uid)
    entry?.hurry.abort()
    await entry?.running
  }

  async #write(uid: string, entry: Pending): Promise<void> {
    const { env, signal, delayMs } = this.#options
    const backoff = new Backoff(RETRY, env)
    if (delayMs > 0) await sleep(env.clock, delayMs, signal).catch(() => undefined)
    if (!entry.hurry.signal.aborted) {
      const hurried = AbortSignal.any([signal, entry.hurry.signal])
      await sleep(env.clock, GENERATION_MS, hurried).catch(() => undefined)
    }
    let { pod } = entry
    for (;;) {
      const { wanted } = entry
      const patch = statusPatch(pod.status, wanted)
      if (!patch || signal.aborted) break
      try {
        pod = await this.#send(pod, patch)
        if (entry.wanted === wanted) break
      } catch (error) {
        // Gone, or another pod has its name by now.
        if (hasReason(error, 'NotFound', 'Conflict') || (await this.#isAnother(pod, error))) break
        env.log.warn('could not write the status of a pod', { pod: pod.metadata.name, err: error })
        await sleep(env.clock, backoff.next(), signal).catch(() => undefined)
        pod = entry.pod
      }
    }
    this.#pending.delete(uid)
  }

  /** Whether a status was refused because another pod has the name: its uid is not what was sent. */
  async #isAnother({ metadata }: Pod, error: unknown): Promise<boolean> {
    if (!hasReason(error, 'Invalid')) return false
    try {
      const now = await this.#options.client(pods).get(`${metadata.namespace}/${metadata.name}`)
      return now.metadata.uid !== metadata.uid
    } catch (failed) {
      return hasReason(failed, 'NotFound')
    }
  }

  async #send(pod: Pod, patch: Record<string, unknown>): Promise<Pod> {
    const { client, onWritten } = this.#options
    const { name = '', namespace = '', uid } = pod.metadata
    const body = { metadata: { uid }, status: patch }
    const written = await client(pods).patch(`${namespace}/${name}`, 'strategic', body, { subresource: 'status' })
    onWritten(written)
    return written
  }
}
