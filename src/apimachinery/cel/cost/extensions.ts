import { CelList, type CelValue, typeOf } from '../values/values.ts'
import type { CallEstimate, EstimatedNode, SizeEstimator } from './estimate.ts'
import { add, byFactor, fixed, MAX, multiply, type Range, UNKNOWN } from './range.ts'
import type { CallCost } from './runtime.ts'

/** A call that makes a list costs its dispatch, the list, and something for each element. */
const DISPATCH = 1
const NEW_LIST = 10
/** Comparing each element with each other. */
const SELF_COMPARE = 2
const TEXT_COMPARE = 2.1

const SORT = /^list_(.+)_sort(ByAssociatedKeys)?$/

/** What calls of the lists and sets extensions cost at run time; undefined: it is none of them. */
export function extensionCost(
  overloadId: string,
  sizeOf: (value: CelValue | undefined) => number,
): CallCost | undefined {
  const newList = (factor: number, size: number): number => Math.floor(size * factor) + DISPATCH + NEW_LIST
  const selfCompare = (list: CelValue | undefined): number => {
    const size = sizeOf(list)
    const first = list instanceof CelList && list.size > 0 ? typeOf(list.get(0)).kind : undefined
    return newList(first === 'string' || first === 'bytes' ? TEXT_COMPARE : SELF_COMPARE, size * size)
  }
  const pairs =
    (factor: number): CallCost =>
    ([a, b]) =>
      DISPATCH + Math.floor(sizeOf(a) * sizeOf(b) * factor)
  switch (overloadId) {
    case 'list_slice':
    case 'lists_range':
    case 'list_reverse':
      return (_args, result) => newList(1, sizeOf(result))
    case 'list_flatten':
      return ([list]) => newList(1, sizeOf(list))
    case 'list_flatten_int':
      return ([list, depth]) => newList(Number(depth), sizeOf(list))
    case 'list_distinct':
      return ([list]) => selfCompare(list)
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return pairs(1)
    case 'list_sets_equivalent_list':
      return pairs(2)
    default: {
      const sort = SORT.exec(overloadId)
      if (sort === null) return undefined
      return ([list, keys]) => selfCompare(sort[2] === undefined ? list : keys)
    }
  }
}

/** What such calls are estimated to cost; undefined: it is none of them. */
export function extensionEstimate(
  overloadId: string,
  target: EstimatedNode | undefined,
  args: readonly EstimatedNode[],
  sizes: SizeEstimator,
): CallEstimate | undefined {
  const size = (node: EstimatedNode | undefined): Range =>
    node === undefined ? UNKNOWN : (node.size ?? sizes(node.path ?? [], node.type) ?? UNKNOWN)
  const newList = (factor: number, of: Range): CallEstimate => ({
    cost: add(byFactor(of, factor), fixed(DISPATCH), fixed(NEW_LIST)),
    size: of,
  })
  const [first, second] = args
  const pairs = (factor: number): CallEstimate => ({
    cost: add(byFactor(multiply(size(first), size(second)), factor), fixed(DISPATCH)),
  })
  switch (overloadId) {
    case 'list_slice': {
      const length = BigInt.asUintN(64, literal(second, size(target).max) - literal(first, 0n))
      return newList(1, { min: length, max: length })
    }
    case 'lists_range': {
      const length = literal(first, MAX)
      return newList(1, { min: length, max: length })
    }
    case 'list_reverse':
    case 'list_flatten':
      return newList(1, size(target))
    case 'list_flatten_int':
      return newList(Number(literal(first, MAX)), size(target))
    case 'list_distinct':
      return newList(SELF_COMPARE, multiply(size(target), size(target)))
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return pairs(1)
    case 'list_sets_equivalent_list':
      return pairs(2)
    default: {
      const sort = SORT.exec(overloadId)
      if (sort === null) return undefined
      const keys = size(sort[2] === undefined ? target : first)
      const text = sort[1] === 'string' || sort[1] === 'bytes'
      return newList(text ? TEXT_COMPARE : SELF_COMPARE, multiply(keys, keys))
    }
  }
}

/** A literal int, at least 0; else the default. */
function literal(node: EstimatedNode | undefined, otherwise: bigint): bigint {
  const expr = node?.expr
  if (expr?.kind !== 'literal' || (typeof expr.value !== 'number' && typeof expr.value !== 'bigint')) return otherwise
  const value = BigInt(expr.value)
  return value < 0n ? 0n : value
}
