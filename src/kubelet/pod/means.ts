import type { EventRecorder } from '../../client/events.ts'
import type { Env } from '../../lib/env.ts'
import type { Backoff } from '../backoff.ts'
import type { KubeletConfig } from '../config.ts'
import type { ImageService, RuntimeService } from '../cri/services.ts'
import type { Host } from '../host/host.ts'
import type { ImagePuller } from '../images/puller.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import type { Probes } from '../probes/probes.ts'
import type { Allocation } from '../resize/allocation.ts'
import type { RuntimePods } from '../runtime/pods.ts'
import type { StatusWriter } from '../status/writer.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import type { Gate } from './gate.ts'
import type { Resources } from './resources.ts'
import type { Pod } from './spec.ts'

/** What the workers of a node's pods work with. */
export interface PodMeans {
  readonly env: Env
  readonly config: KubeletConfig
  readonly runtime: RuntimeService
  readonly imageService: ImageService
  readonly host: Host
  readonly images: ImagePuller
  readonly observed: RuntimePods
  readonly volumes: PodVolumes
  readonly objects: ReferencedObjects
  readonly probes: Probes
  readonly status: StatusWriter
  readonly events: EventRecorder
  readonly crashes: Backoff
  /** How many pods may be set up at a time. */
  readonly starts: Gate
  readonly node: NodeFacts
  /** What of the resources that a pod asks for it gets. */
  readonly allocate: (pod: Pod) => Allocation
  /** The API's picture of a static pod; undefined while there is none. */
  readonly mirrorOf: (pod: Pod) => Pod | undefined
  /** Removes a pod from the API for good. */
  readonly deletePod: (pod: Pod) => Promise<void>
}

/** What pods have to know of their node. */
export interface NodeFacts {
  readonly hostIPs: readonly string[]
  readonly allocatable: Resources
  /** `containerd`. */
  readonly runtimeName: string
  /** Why the runtime cannot give pods a network, if it cannot. */
  readonly networkProblem: string | undefined
}
