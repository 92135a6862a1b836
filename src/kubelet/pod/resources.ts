import type { Frozen } from '../../apimachinery/meta.ts'
import { quantityMilliValue, quantityValue } from '../../apimachinery/quantity/text.ts'
import type { PodQOSClass, ResourceList } from '../../api/generated/types/core/v1.ts'
import { isSidecar, type Container, type Pod } from './spec.ts'

export type Resources = Frozen<ResourceList>

/** Thousandths of a resource in a list; 0 when absent. */
export function milliOf(list: Resources | undefined, name: string): number {
  const quantity = list?.[name]
  return quantity === undefined ? 0 : quantityMilliValue(String(quantity))
}

/** Units of a resource in a list, rounded up; 0 when absent. */
export function unitsOf(list: Resources | undefined, name: string): number {
  const quantity = list?.[name]
  return quantity === undefined ? 0 : quantityValue(String(quantity))
}

/** Thousandths of each resource by name. */
export type Amounts = ReadonlyMap<string, number>

/**
 * What a pod asks for or may use, in thousandths: the sum of its containers and sidecars, or what one init container needs beside
 * the sidecars started before it, whichever is more; pod-level resources take precedence; overhead is added (component-helpers'
 * PodRequests and PodLimits).
 */
export function podAmounts(pod: Pod, kind: 'requests' | 'limits'): Amounts {
  const total = new Map<string, number>()
  for (const container of pod.spec.containers) add(total, amounts(container, kind))
  const sidecars = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of pod.spec.initContainers ?? []) {
    const own = new Map(amounts(container, kind))
    if (isSidecar(container)) {
      add(total, own)
      add(sidecars, own)
      raise(peak, sidecars)
    } else {
      add(own, sidecars)
      raise(peak, own)
    }
  }
  raise(total, peak)
  for (const [name, amount] of amounts(pod.spec, kind)) total.set(name, amount)
  const overhead = amounts({ resources: { [kind]: pod.spec.overhead ?? {} } }, kind)
  for (const [name, amount] of overhead) {
    if (kind === 'requests' || total.has(name)) total.set(name, (total.get(name) ?? 0) + amount)
  }
  return total
}

function amounts(
  of: { readonly resources?: Container['resources'] },
  kind: 'requests' | 'limits',
): Map<string, number> {
  const list = of.resources?.[kind] ?? {}
  return new Map(Object.keys(list).map((name) => [name, milliOf(list, name)]))
}

function add(total: Map<string, number>, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + amount)
}

function raise(total: Map<string, number>, least: Amounts): void {
  for (const [name, amount] of least) total.set(name, Math.max(total.get(name) ?? 0, amount))
}

const QOS_RESOURCES = ['cpu', 'memory']

/** The pod's QoS class (upstream's ComputePodQOS): what its status says, else what its resources make it. */
export function qosOf(pod: Pod): PodQOSClass {
  if (pod.status?.qosClass) return pod.status.qosClass
  const holders = hasAny(pod.spec) ? [pod.spec] : [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  if (!holders.some(hasAny)) return 'BestEffort'
  const guaranteed = holders.every(({ resources }) =>
    QOS_RESOURCES.every((name) => {
      const limit = milliOf(resources?.limits, name)
      const request = resources?.requests?.[name] === undefined ? limit : milliOf(resources.requests, name)
      return limit > 0 && request === limit
    }),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

function hasAny({ resources }: { readonly resources?: Container['resources'] }): boolean {
  return QOS_RESOURCES.some((name) => milliOf(resources?.requests, name) > 0 || milliOf(resources?.limits, name) > 0)
}
