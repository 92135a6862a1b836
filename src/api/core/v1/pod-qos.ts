import { getOwn } from '../../../lib/own.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Pod, PodQOSClass, ResourceList, ResourceRequirements } from '../../generated/types/core/v1.ts'
import type { Quantity } from '../../generated/types/scalars.ts'
import { addResources, compareAmounts } from './resource-list.ts'

const COMPUTE = ['cpu', 'memory'] as const

/**
 * The pod's quality of service (upstream's ComputePodQOS): BestEffort when nothing is asked for, Guaranteed when every
 * container has limits for cpu and memory and asks for as much, else Burstable. The pod's own resources, where set,
 * decide in place of its containers'.
 */
export function qosClass({ spec }: Frozen<Pod>): PodQOSClass {
  const parts: readonly Frozen<ResourceRequirements>[] = spec.resources
    ? [spec.resources]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) => resources ?? {})
  const requests: ResourceList = {}
  const limits: ResourceList = {}
  let allLimited = true
  for (const part of parts) {
    addResources(requests, positiveCompute(part.requests))
    const limited = positiveCompute(part.limits)
    addResources(limits, limited)
    if (Object.keys(limited).length < COMPUTE.length && !(spec.resources && !part.limits)) allLimited = false
  }
  const asked = Object.keys(requests)
  if (asked.length + Object.keys(limits).length === 0) return 'BestEffort'
  if (allLimited && asked.every((name) => equalQuantity(getOwn(limits, name), getOwn(requests, name)))) {
    if (asked.length === Object.keys(limits).length) return 'Guaranteed'
  }
  return 'Burstable'
}

function positiveCompute(list: Frozen<ResourceList> | undefined): ResourceList {
  const positive: ResourceList = {}
  for (const name of COMPUTE) {
    const value = list?.[name]
    if (value !== undefined && compareAmounts(value, '0') > 0) positive[name] = value
  }
  return positive
}

function equalQuantity(a: Quantity | undefined, b: Quantity | undefined): boolean {
  return a !== undefined && b !== undefined && compareAmounts(a, b) === 0
}
