import type { Frozen } from '../../apimachinery/meta.ts'
import { quantityMilliValue, quantityValue } from '../../apimachinery/quantity/text.ts'
import type { PodQOSClass, ResourceList } from '../../api/generated/types/core/v1.ts'
import { qosClass } from '../../api/core/v1/pod-qos.ts'
import { podLimits, podRequests } from '../../api/core/v1/pod-resources.ts'
import type { Pod } from './spec.ts'

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

/** What a pod asks for or may use in all, in thousandths. */
export function podAmounts(pod: Pod, kind: 'requests' | 'limits'): Amounts {
  const list = kind === 'requests' ? podRequests(pod) : podLimits(pod)
  return new Map(Object.keys(list).map((name) => [name, milliOf(list, name)]))
}

/** The pod's QoS class: what its status says, else what its resources make it. */
export function qosOf(pod: Pod): PodQOSClass {
  return pod.status?.qosClass ?? qosClass(pod)
}
