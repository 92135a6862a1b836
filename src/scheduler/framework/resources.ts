import type { Frozen } from '../../apimachinery/meta.ts'
import { milliValueOf, parseQuantity, valueOf } from '../../apimachinery/quantity/quantity.ts'
import type { ResourceList } from '../../api/generated/types/core/v1.ts'

/** Amounts of resources as plain numbers: CPU in thousandths, everything else in whole units. Exact up to 2^53. */
export interface Resources {
  milliCpu: number
  memory: number
  ephemeralStorage: number
  /** Extended resources and huge pages; undefined for none. */
  scalar: Map<string, number> | undefined
}

export const noResources = (): Resources => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0, scalar: undefined })

/** Reads a resource list. `pods` is left out: it is counted, not summed. */
export function resourcesOf(list: Frozen<ResourceList> | undefined): Resources {
  const resources = noResources()
  for (const [name, quantity] of Object.entries(list ?? {})) {
    if (name === 'cpu') resources.milliCpu = milliOf(String(quantity))
    else if (name === 'memory') resources.memory = unitsOf(String(quantity))
    else if (name === 'ephemeral-storage') resources.ephemeralStorage = unitsOf(String(quantity))
    else if (name !== 'pods') (resources.scalar ??= new Map()).set(name, unitsOf(String(quantity)))
  }
  return resources
}

/** A quantity in whole units, rounded up. */
export function unitsOf(quantity: string): number {
  return Number(valueOf(parseQuantity(quantity)))
}

function milliOf(quantity: string): number {
  return Number(milliValueOf(parseQuantity(quantity)))
}

/** Adds `more` to `total` in place, or takes it away with `sign` -1. */
export function addTo(total: Resources, more: Readonly<Resources>, sign: 1 | -1): void {
  total.milliCpu += sign * more.milliCpu
  total.memory += sign * more.memory
  total.ephemeralStorage += sign * more.ephemeralStorage
  for (const [name, amount] of more.scalar ?? []) {
    const scalar = (total.scalar ??= new Map())
    scalar.set(name, (scalar.get(name) ?? 0) + sign * amount)
  }
}
