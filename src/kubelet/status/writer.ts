import { pods } from '../../api/core/v1/pod.ts'
import type { PodStatus } from '../../api/generated/types/core/v1.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { Backoff } from '../../lib/backoff.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { statusPatch } from './diff.ts'

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
  /** The write that is under way. */
  running: Promise<void> | undefined
}

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
    if (!pending && !statusPatch(pod.status, wanted)) return
    const entry = pending ?? { pod, wanted, running: undefined }
    entry.pod = pod
    entry.wanted = wanted
    this.#pending.set(uid, entry)
    entry.running ??= this.#write(uid, entry)
  }

  /** Resolves when what was last set for a pod is written, or the pod is gone from the API. */
  async flushed(uid: string): Promise<void> {
    await this.#pending.get(uid)?.running
  }

  async #write(uid: string, entry: Pending): Promise<void> {
    const { client, env, signal, onWritten, delayMs } = this.#options
    const backoff = new Backoff(RETRY, env)
    if (delayMs > 0) await sleep(env.clock, delayMs, signal).catch(() => undefined)
    let { pod } = entry
    for (;;) {
      const { wanted } = entry
      const patch = statusPatch(pod.status, wanted)
      if (!patch || signal.aborted) break
      try {
        const { name = '', namespace = '' } = pod.metadata
        pod = await client(pods).patch(
          `${namespace}/${name}`,
          'strategic',
          { metadata: { uid }, status: patch },
          { subresource: 'status' },
        )
        onWritten(pod)
        if (entry.wanted === wanted) break
      } catch (error) {
        // Gone, or another pod has its name by now.
        if (hasReason(error, 'NotFound', 'Conflict')) break
        env.log.warn('could not write the status of a pod', { pod: pod.metadata.name, err: error })
        await sleep(env.clock, backoff.next(), signal).catch(() => undefined)
        pod = entry.pod
      }
    }
    this.#pending.delete(uid)
  }
}
