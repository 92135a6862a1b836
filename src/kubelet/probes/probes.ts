import type { Pod } from '../pod/spec.ts'
import type { ObservedPod } from '../runtime/observed.ts'
import type { ProbeResults } from '../status/container.ts'

/** What the probes of a node's containers say. */
export interface Probes {
  /** What the startup and readiness probes of a container say so far. */
  results(containerId: string): ProbeResults
  /** The word of a probe that can have a container killed; undefined before there is one. */
  verdict(containerId: string, kind: 'liveness' | 'startup'): boolean | undefined
  /**
   * Starts what is to be probed and stops what is not. While a container's startup probe has not passed, its others wait. A pod
   * that is going away is not probed for life.
   */
  sync(pod: Pod, observed: ObservedPod): void
  /** Stops every probe of a pod. */
  remove(uid: string): void
}
