import { getOwn } from '../../../../lib/own.ts'
import { addQuantity, formatQuantity, subtractQuantity } from '../../../../apimachinery/quantity/quantity.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import { amount, compareAmounts } from '../resource-list.ts'
import type { ResourceList } from '../../../generated/types/core/v1.ts'

/** The sum, resource by resource. */
export function addAmounts(a: Frozen<ResourceList>, b: Frozen<ResourceList>): ResourceList {
  const sum: ResourceList = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const there = getOwn(sum, name)
    sum[name] = there === undefined ? value : formatQuantity(addQuantity(amount(there), amount(value)))
  }
  return sum
}

/** What `a` has more than `b`; nothing is less than zero. */
export function moreThan(a: Frozen<ResourceList>, b: Frozen<ResourceList>): ResourceList {
  const rest: ResourceList = {}
  for (const [name, value] of Object.entries(a)) {
    const less = getOwn(b, name)
    if (less === undefined) rest[name] = value
    else if (compareAmounts(value, less) > 0) rest[name] = formatQuantity(subtractQuantity(amount(value), amount(less)))
  }
  return rest
}

/** The amounts of these names alone, zeros left out. */
export function nonZero(list: Frozen<ResourceList>, names: ReadonlySet<string>): ResourceList {
  const kept = Object.entries(list).filter(([name, value]) => names.has(name) && compareAmounts(value, 0) !== 0)
  return Object.fromEntries(kept)
}

/** `cpu=1,pods=2`, sorted: as refusals show amounts. */
export function amountsText(list: Frozen<ResourceList>, names: Iterable<string>): string {
  return [...names]
    .filter((name) => getOwn(list, name) !== undefined)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${formatQuantity(amount(list[name] ?? 0))}`)
    .join(',')
}
