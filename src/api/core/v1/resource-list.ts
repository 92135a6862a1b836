import { getOwn } from '../../../lib/own.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  milliQuantityOf,
  milliValueOf,
  parseQuantity,
} from '../../../apimachinery/quantity/quantity.ts'
import type { ResourceList } from '../../generated/types/core/v1.ts'
import type { Quantity } from '../../generated/types/scalars.ts'

/** Parses an amount that decoding has checked. */
export const amount = (value: Quantity): ReturnType<typeof parseQuantity> => parseQuantity(String(value))

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export const compareAmounts = (a: Quantity, b: Quantity): number =>
  a === b ? 0 : compareQuantity(amount(a), amount(b))

/** Adds `more` to `list` in place. */
export function addResources(list: ResourceList, more: Frozen<ResourceList> | undefined): void {
  for (const [name, value] of Object.entries(more ?? {})) {
    const there = getOwn(list, name)
    list[name] = there === undefined ? value : formatQuantity(addQuantity(amount(there), amount(value)))
  }
}

/** Raises each resource of `list` in place to what `other` has, where that is more. */
export function maxResources(list: ResourceList, other: Frozen<ResourceList> | undefined): void {
  for (const [name, value] of Object.entries(other ?? {})) {
    const there = getOwn(list, name)
    if (there === undefined || compareAmounts(there, value) < 0) list[name] = value
  }
}

/** Nothing finer than a thousandth is kept of a resource: amounts round up, in place (SetDefaults_ResourceList). */
export function roundUpQuantities(list: ResourceList | undefined): void {
  for (const [name, value] of Object.entries(list ?? {})) {
    const exact = amount(value)
    if (list && exact.nanos % 1_000_000n !== 0n) {
      list[name] = formatQuantity(milliQuantityOf(milliValueOf(exact), exact.format))
    }
  }
}
