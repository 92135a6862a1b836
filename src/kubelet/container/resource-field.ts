import { quantityMilliValue, quantityValue } from '../../apimachinery/quantity/text.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ResourceFieldSelector } from '../../api/generated/types/core/v1.ts'
import type { Resources } from '../pod/resources.ts'
import { allContainers, type Container, type Pod } from '../pod/spec.ts'

/**
 * The value of a container's resource as the downward API gives it: in units of the divisor, rounded up. An absent limit is the
 * whole pod's, or else the node's allocatable amount (upstream's resource.ExtractContainerResourceValue). Throws for what isn't supported.
 */
export function resourceFieldValue(
  pod: Pod,
  selector: Frozen<ResourceFieldSelector>,
  inContainer: Container | undefined,
  allocatable: Resources,
): string {
  const container = selector.containerName ? containerCalled(pod, selector.containerName) : inContainer
  if (!container) throw new Error(`container ${selector.containerName ?? ''} not found`)
  const [, kind = '', name = ''] = /^(limits|requests)\.(.+)$/.exec(selector.resource) ?? []
  if (!SUPPORTED.test(name)) throw new Error(`unsupported container resource : ${selector.resource}`)
  const { limits, requests } = container.resources ?? {}
  const own = (kind === 'limits' ? limits : requests)?.[name]
  const fallback = kind === 'limits' && DEFAULTED.test(name) ? limitOfPod(pod, name, allocatable) : undefined
  const amount = isNothing(own) ? fallback : own
  return String(divide(name, String(amount ?? 0), String(selector.divisor ?? '1')))
}

function limitOfPod(pod: Pod, name: string, allocatable: Resources): Resources[string] | undefined {
  const limit = pod.spec.resources?.limits?.[name]
  return isNothing(limit) ? allocatable[name] : limit
}

const isNothing = (amount: Resources[string] | undefined): boolean =>
  amount === undefined || quantityMilliValue(String(amount)) === 0

/** A divisor of 0 counts as 1. CPU is divided by thousandths, the rest by units. */
function divide(name: string, amount: string, divisor: string): number {
  const valueOf = name === 'cpu' ? quantityMilliValue : quantityValue
  return Math.ceil(valueOf(amount) / (valueOf(divisor) || valueOf('1')))
}

function containerCalled(pod: Pod, name: string): Container | undefined {
  for (const { container } of allContainers(pod)) if (container.name === name) return container
  return undefined
}

const SUPPORTED = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/
const DEFAULTED = /^(cpu|memory|ephemeral-storage)$/
