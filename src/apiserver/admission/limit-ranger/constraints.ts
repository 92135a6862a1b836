import { getOwn } from '../../../lib/own.ts'
import type { LimitRangeItem } from '../../../api/generated/types/core/v1.ts'
import {
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '../../../apimachinery/quantity/quantity.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

/** A ResourceList as it stands in JSON. */
export type Resources = Readonly<Record<string, string | number>>

/** What is measured: requests, and limits where there can be any. */
export interface Usage {
  readonly requests: Resources
  readonly limits: Resources
}

/** What one item of a LimitRange has against a container or pod. */
export function* constrain(item: Frozen<LimitRangeItem>, usage: Usage): Iterable<string> {
  const type = item.type ?? ''
  for (const [name, least] of amounts(item.min)) yield* below(type, name, least, usage)
  for (const [name, most] of amounts(item.max)) yield* above(type, name, most, usage)
  for (const [name, ratio] of amounts(item.maxLimitRequestRatio)) yield* ratioAbove(type, name, ratio, usage)
}

/** The same for a claim, which has requests alone. */
export function* constrainRequests(item: Frozen<LimitRangeItem>, requests: Resources): Iterable<string> {
  const type = item.type ?? ''
  for (const [name, least] of amounts(item.min)) yield* below(type, name, least, { requests, limits: {} })
  for (const [name, most] of amounts(item.max)) {
    const rule = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`
    const request = amount(requests, name)
    if (!request) yield `${rule}.  No request is specified`
    else if (compareQuantity(request, most) > 0) yield `${rule}, but request is ${formatQuantity(request)}`
  }
}

/** The amounts of a ResourceList, by name. */
export function amounts(list: Resources | undefined): [string, Quantity][] {
  return Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(String(value))])
}

function amount(list: Resources, name: string): Quantity | undefined {
  const value = getOwn(list, name)
  return value === undefined ? undefined : parseQuantity(String(value))
}

function* below(type: string, name: string, least: Quantity, { requests, limits }: Usage): Iterable<string> {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(least)}`
  const [request, limit] = [amount(requests, name), amount(limits, name)]
  if (!request) yield `${rule}.  No request is specified`
  else if (compareQuantity(request, least) < 0) yield `${rule}, but request is ${formatQuantity(request)}`
  else if (limit && compareQuantity(limit, least) < 0) yield `${rule}, but limit is ${formatQuantity(limit)}`
}

function* above(type: string, name: string, most: Quantity, { requests, limits }: Usage): Iterable<string> {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`
  const [request, limit] = [amount(requests, name), amount(limits, name)]
  if (!limit) yield `${rule}.  No limit is specified`
  else if (compareQuantity(limit, most) > 0) yield `${rule}, but limit is ${formatQuantity(limit)}`
  else if (request && compareQuantity(request, most) > 0) yield `${rule}, but request is ${formatQuantity(request)}`
}

function* ratioAbove(type: string, name: string, most: Quantity, { requests, limits }: Usage): Iterable<string> {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(most)}`
  const [request, limit] = [amount(requests, name), amount(limits, name)]
  if (!request || request.nanos === 0n) yield `${rule}, but no request is specified or request is 0`
  else if (!limit || limit.nanos === 0n) yield `${rule}, but no limit is specified or limit is 0`
  else {
    const ratio = Number(limit.nanos) / Number(request.nanos)
    if (ratio * 1e9 > Number(most.nanos)) yield `${rule}, but provided ratio is ${ratio.toFixed(6)}`
  }
}
