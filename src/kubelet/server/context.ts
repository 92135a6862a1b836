import type { KubeletConfig } from '../config.ts'
import type { PodMeans } from '../pod/means.ts'
import { containerNamed, type Container, type ContainerKind, type Pod } from '../pod/spec.ts'
import type { PodWorkers } from '../pod/workers.ts'
import { NodeApiError } from './api.ts'

/** What the answers are made out of. */
export interface ServerContext {
  readonly config: KubeletConfig
  readonly means: PodMeans
  readonly workers: PodWorkers
}

/** The pod of that name that is here; the one that isn't going away when two have it. Throws 404. */
export function podNamed({ workers }: ServerContext, namespace: string, name: string): Pod {
  const found = workers.pods().filter(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  const pod = found.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? found[0]
  if (!pod) throw new NodeApiError(404, `pod ${JSON.stringify(name)} does not exist`)
  return pod
}

/** The container of that name in a pod. Throws 404. */
export function containerOf(pod: Pod, name: string): { readonly kind: ContainerKind; readonly container: Container } {
  const found = containerNamed(pod, name)
  if (!found)
    throw new NodeApiError(
      404,
      `container ${JSON.stringify(name)} not found in pod ${JSON.stringify(pod.metadata.name)}`,
    )
  return found
}
