import type { Frozen } from '../../apimachinery/meta.ts'
import type { ContainerStatus, Node } from '../../api/generated/types/core/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { milliOf, podAmounts } from '../pod/resources.ts'
import type { Container, Pod } from '../pod/spec.ts'

/** Why a resize has to wait (KEP-1287): until there is room, or for ever. */
export interface PendingResize {
  readonly reason: 'Deferred' | 'Infeasible'
  readonly message: string
}

export interface Allocation {
  /** The pod with the resources that the node grants it. */
  readonly pod: Pod
  readonly pending?: PendingResize
}

const RESIZABLE = ['cpu', 'memory'] as const

/**
 * What a pod gets of what it asks for: a new pod everything, it was admitted with it; one that asks for other resources than it had gets
 * them when they fit, and otherwise keeps those that its status says it has.
 */
export function allocate(pod: Pod, others: readonly Pod[], node: Frozen<Node> | undefined): Allocation {
  const had = asBefore(pod)
  if (had === pod || !node) return { pod }
  const allocatable = node.status?.allocatable ?? {}
  const wanted = podAmounts(pod, 'requests')
  for (const name of RESIZABLE) {
    const [request, capacity] = [wanted.get(name) ?? 0, milliOf(allocatable, name)]
    const unit = name === 'cpu' ? 1 : 1000
    if (request > capacity) {
      const message = `Node didn't have enough capacity: ${name}, requested: ${request / unit}, capacity: ${capacity / unit}`
      return { pod: had, pending: { reason: 'Infeasible', message } }
    }
    const used = others.reduce((sum, other) => sum + (podAmounts(asBefore(other), 'requests').get(name) ?? 0), 0)
    if (request > (podAmounts(had, 'requests').get(name) ?? 0) && request + used > capacity) {
      const message = `Node didn't have enough resource: ${name}, requested: ${request / unit}, used: ${used / unit}, capacity: ${capacity / unit}`
      return { pod: had, pending: { reason: 'Deferred', message } }
    }
  }
  return { pod }
}

/** The pod with the resources that its status says have been allocated; itself when they are what it asks for. */
function asBefore(pod: Pod): Pod {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  let changed = false
  const before = (container: Container): Container => {
    const resources = allocatedTo(statuses.find(({ name }) => name === container.name))
    if (!resources || sameResources(container, resources)) return container
    changed = true
    return { ...container, resources: { ...container.resources, ...resources } }
  }
  const containers = pod.spec.containers.map(before)
  const initContainers = pod.spec.initContainers?.map(before)
  return changed ? { ...pod, spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) } } : pod
}

function allocatedTo(status: Frozen<ContainerStatus> | undefined): Container['resources'] | undefined {
  if (!status?.allocatedResources || !status.resources) return undefined
  const { limits } = status.resources
  return { requests: status.allocatedResources, ...(limits && { limits }) }
}

function sameResources({ resources = {} }: Container, allocated: NonNullable<Container['resources']>): boolean {
  return RESIZABLE.every(
    (name) =>
      semanticEqual(milliOf(resources.requests, name), milliOf(allocated.requests, name)) &&
      semanticEqual(milliOf(resources.limits, name), milliOf(allocated.limits, name)),
  )
}
