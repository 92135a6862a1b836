import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Container, ContainerStatus, Pod, ResourceList } from '../../generated/types/core/v1.ts'
import { addResources, maxResources } from './resource-list.ts'
import { isPodLevelResource } from './resource-names.ts'

/** How to count. */
export interface PodResourcesOptions {
  /** Use what the node has allocated and applied where a resize is under way (KEP-1287). */
  readonly useStatus?: boolean
  /** For resources that a container does not ask for. */
  readonly missing?: ResourceList
}

type Pick = 'requests' | 'limits'

/** What the pod asks for: containers, init containers and sidecars by KEP-753, its own resources, and overhead. */
export function podRequests(pod: Frozen<Pod>, options: PodResourcesOptions = {}): ResourceList {
  const total = aggregate(pod, 'requests', options)
  for (const [name, value] of Object.entries(pod.spec.resources?.requests ?? {})) {
    if (isPodLevelResource(name)) total[name] = value
  }
  addResources(total, pod.spec.overhead)
  return total
}

/** What the pod may use at most; a resource without limits in every container has none. */
export function podLimits(pod: Frozen<Pod>, options: PodResourcesOptions = {}): ResourceList {
  const total = aggregate(pod, 'limits', options)
  for (const [name, value] of Object.entries(pod.spec.resources?.limits ?? {})) {
    if (isPodLevelResource(name)) total[name] = value
  }
  const overhead = Object.entries(pod.spec.overhead ?? {}).filter(([name]) => name in total)
  addResources(total, Object.fromEntries(overhead))
  return total
}

/** The sum of what containers ask for, without the pod's own resources and overhead. */
export const aggregateRequests = (pod: Frozen<Pod>): ResourceList => aggregate(pod, 'requests', {})

/** The sum of containers' limits. */
export const aggregateLimits = (pod: Frozen<Pod>): ResourceList => aggregate(pod, 'limits', {})

/**
 * Regular containers and sidecars run together; each init container runs beside the sidecars before it. The pod needs
 * the greater of both.
 */
function aggregate({ spec, status }: Frozen<Pod>, pick: Pick, options: PodResourcesOptions): ResourceList {
  const statuses = options.useStatus ? statusesByName(status) : undefined
  const infeasible = options.useStatus === true && isResizeInfeasible(status)
  const of = (container: Frozen<Container>): ResourceList => {
    const asked = container.resources?.[pick]
    const reported = statuses?.get(container.name)
    const list = reported?.resources ? effective(pick, asked, reported, infeasible) : { ...asked }
    for (const [name, value] of Object.entries(options.missing ?? {})) list[name] ??= value
    return list
  }
  const total: ResourceList = {}
  for (const container of spec.containers ?? []) addResources(total, of(container))
  const sidecars: ResourceList = {}
  const starting: ResourceList = {}
  for (const container of spec.initContainers ?? []) {
    const list = of(container)
    if (container.restartPolicy === 'Always') {
      addResources(total, list)
      addResources(sidecars, list)
      maxResources(starting, sidecars)
    } else {
      addResources(list, sidecars)
      maxResources(starting, list)
    }
  }
  maxResources(total, starting)
  return total
}

function statusesByName(status: Frozen<Pod>['status']): ReadonlyMap<string, Frozen<ContainerStatus>> {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return new Map(all.map((container) => [container.name, container]))
}

/** While a resize is under way the greatest of asked, allocated and applied counts. */
function effective(
  pick: Pick,
  asked: Frozen<ResourceList> | undefined,
  reported: Frozen<ContainerStatus>,
  infeasible: boolean,
): ResourceList {
  const list: ResourceList = { ...reported.resources?.[pick] }
  if (pick === 'requests') maxResources(list, reported.allocatedResources)
  if (!infeasible) maxResources(list, asked)
  return list
}

function isResizeInfeasible(status: Frozen<Pod>['status']): boolean {
  return status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible'
}
