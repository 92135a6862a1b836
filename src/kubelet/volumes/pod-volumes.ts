import type { MountedVolume, PlannedMount } from '../container/mounts.ts'
import type { PodAddresses } from '../container/fields.ts'
import type { Pod } from '../pod/spec.ts'

/** The volumes of this node's pods. */
export interface PodVolumes {
  /**
   * Makes every volume of a pod ready, and brings those with content of the API's up to date. Idempotent and cheap when nothing
   * has changed. Rejects with the first problem, in upstream's words; the others have been tried all the same.
   */
  mount(pod: Pod, addresses: PodAddresses): Promise<ReadonlyMap<string, MountedVolume>>
  /** The path on the host of a container's mount; binds its sub-path where it has one. `index`: of the mount in the container. */
  pathOf(pod: Pod, containerName: string, index: number, mount: PlannedMount): Promise<string>
  /** Unmounts and removes all that a pod has. Idempotent. */
  unmount(uid: string): Promise<void>
  /** The pods that something is left of. */
  known(): Promise<readonly string[]>
}
