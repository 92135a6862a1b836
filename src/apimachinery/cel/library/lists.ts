import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from '../check/types.ts'
import { add } from '../values/arithmetic.ts'
import { compare, equal, isOrdered } from '../values/equality.ts'
import {
  ArrayList,
  CelError,
  CelList,
  type CelValue,
  Double,
  Duration,
  isError,
  noSuchOverload,
  typeOf,
  Uint,
} from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, operator, overload } from './functions.ts'

const T = typeParam('T')
const A = typeParam('A')
const LIST = listType(T)

const SUMMABLE: readonly (readonly [string, CelType, CelValue])[] = [
  ['int', INT, 0],
  ['uint', UINT, new Uint(0n)],
  ['double', DOUBLE, new Double(0)],
  ['duration', DURATION, new Duration(0n)],
]
const COMPARABLE: readonly (readonly [string, CelType])[] = [
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['bool', BOOL],
  ['duration', DURATION],
  ['timestamp', TIMESTAMP],
  ['string', STRING],
  ['bytes', BYTES],
]

function onList(act: (list: CelList, ...rest: CelValue[]) => CelValue): Implementation {
  return (list, ...rest) => (list instanceof CelList ? act(list, ...rest) : noSuchOverload)
}

function isSorted(list: CelList): CelValue {
  let previous: CelValue | undefined
  for (const item of list) {
    if (isError(item)) return item
    if (!isOrdered(item)) return noSuchOverload
    if (previous !== undefined && compare(previous, item) === 1) return false
    previous = item
  }
  return true
}

function sum(zero: CelValue): Implementation {
  return onList((list) => {
    let total = zero
    for (const item of list) {
      total = isError(item) ? item : add(total, item)
      if (isError(total)) return total
    }
    return total
  })
}

/** The element that no other is beyond. */
function extreme(name: string, beyond: 1 | -1): Implementation {
  return onList((list) => {
    let best: CelValue | undefined
    for (const item of list) {
      if (isError(item)) return item
      if (!isOrdered(item)) return noSuchOverload
      if (best === undefined || compare(best, item) === beyond) best = item
    }
    return best === undefined ? new CelError(`${name} called on empty list`) : best
  })
}

function indexOf(list: CelList, item: CelValue | undefined): CelValue {
  for (let i = 0; i < list.size; i++) if (equal(list.get(i), item ?? null) === true) return i
  return -1
}

function lastIndexOf(list: CelList, item: CelValue | undefined): CelValue {
  for (let i = list.size - 1; i >= 0; i--) if (equal(list.get(i), item ?? null) === true) return i
  return -1
}

/** Kubernetes' own functions on lists. */
export const listsLibrary: readonly FunctionDecl[] = [
  fn(
    'isSorted',
    ...COMPARABLE.map(([name, type]) =>
      member(`list_${name}_is_sorted_bool`, [listType(type)], BOOL, onList(isSorted)),
    ),
  ),
  fn(
    'sum',
    ...SUMMABLE.map(([name, type, zero]) => member(`list_${name}_sum_${name}`, [listType(type)], type, sum(zero))),
  ),
  fn(
    'max',
    ...COMPARABLE.map(([name, type]) => member(`list_${name}_max_${name}`, [listType(type)], type, extreme('max', -1))),
  ),
  fn(
    'min',
    ...COMPARABLE.map(([name, type]) => member(`list_${name}_min_${name}`, [listType(type)], type, extreme('min', 1))),
  ),
  fn('indexOf', member('list_a_index_of_int', [listType(A), A], INT, onList(indexOf))),
  fn('lastIndexOf', member('list_a_last_index_of_int', [listType(A), A], INT, onList(lastIndexOf))),
]

function slice(list: CelList, start: CelValue | undefined, end: CelValue | undefined): CelValue {
  const [from, to] = [Number(start), Number(end)]
  const called = `cannot slice(${from}, ${to})`
  if (from < 0 || to < 0) return new CelError(`${called}, negative indexes not supported`)
  if (from > to) return new CelError(`${called}, start index must be less than or equal to end index`)
  if (list.size < to) return new CelError(`${called}, list is length ${list.size}`)
  return new ArrayList(Array.from({ length: to - from }, (_, i) => list.get(from + i)))
}

function flatten(list: CelList, depth: CelValue = 1): CelValue {
  const levels = Number(depth)
  return levels < 0 ? new CelError('level must be non-negative') : new ArrayList([...flat(list, levels)])
}

function* flat(list: CelList, levels: number): Generator<CelValue> {
  for (const item of list) {
    if (item instanceof CelList && levels > 0) yield* flat(item, levels - 1)
    else yield item
  }
}

function sortedBy(list: CelList, keys: CelList): CelValue {
  if (list.size !== keys.size) {
    const sizes = `${list.size} and ${keys.size} elements respectively`
    const call = '@sortByAssociatedKeys() expected a list of the same size as the associated keys list'
    return new CelError(`${call}, but got ${sizes}`)
  }
  if (list.size === 0) return list
  const items = Array.from({ length: list.size }, (_, i) => ({ item: list.get(i), key: keys.get(i) }))
  const { key: first } = items[0] ?? { key: null }
  if (!isOrdered(first)) return isError(first) ? first : new CelError('list elements must be comparable')
  if (items.length > 1 && items.some(({ key }) => typeOf(key).name !== typeOf(first).name)) {
    return new CelError('list elements must have the same type')
  }
  const order = (a: CelValue, b: CelValue): number => {
    const result = compare(a, b)
    return typeof result === 'number' ? result : 0
  }
  return new ArrayList(items.toSorted((a, b) => order(a.key, b.key)).map(({ item }) => item))
}

function distinct(list: CelList): CelValue {
  const seen: CelValue[] = []
  for (const item of list) if (!seen.some((other) => equal(item, other) === true)) seen.push(item)
  return new ArrayList(seen)
}

/** The budget ends an evaluation only after the call: what cannot be paid for is not made. */
const MAX_RANGE = 2_000_000

function range(size: CelValue | undefined): CelValue {
  const length = Math.min(Math.max(0, Number(size)), MAX_RANGE)
  return new ArrayList(Array.from({ length }, (_, i) => i))
}

/** The lists extension of CEL, version 3. `sortBy` is a macro on `@sortByAssociatedKeys`. */
export const listsExtension: readonly FunctionDecl[] = [
  fn('slice', member('list_slice', [LIST, INT, INT], LIST, onList(slice))),
  operator(
    'flatten',
    onList(flatten),
    undefined,
    member('list_flatten', [listType(LIST)], LIST),
    member('list_flatten_int', [listType(DYN), INT], listType(DYN)),
  ),
  operator(
    'sort',
    onList((list) => sortedBy(list, list)),
    ['list'],
    ...COMPARABLE.map(([, type]) => member(`list_${type.name}_sort`, [listType(type)], listType(type))),
  ),
  operator(
    '@sortByAssociatedKeys',
    onList((list, keys) => (keys instanceof CelList ? sortedBy(list, keys) : noSuchOverload)),
    ['list'],
    ...COMPARABLE.map(([, type]) => member(`list_${type.name}_sortByAssociatedKeys`, [LIST, listType(type)], LIST)),
  ),
  fn('lists.range', overload('lists_range', [INT], listType(INT), range)),
  fn(
    'reverse',
    member(
      'list_reverse',
      [LIST],
      LIST,
      onList((list) => new ArrayList([...list].toReversed())),
    ),
  ),
  fn('distinct', member('list_distinct', [LIST], LIST, onList(distinct))),
]

function holds(list: CelList, item: CelValue): boolean {
  for (const other of list) if (equal(item, other) === true) return true
  return false
}

const holdsAll = (list: CelList, items: CelList): boolean => [...items].every((item) => holds(list, item))

function onTwoLists(act: (a: CelList, b: CelList) => boolean): Implementation {
  return (a, b) => (a instanceof CelList && b instanceof CelList ? act(a, b) : noSuchOverload)
}

/** The sets extension of CEL: lists as sets. */
export const setsExtension: readonly FunctionDecl[] = [
  fn('sets.contains', overload('list_sets_contains_list', [LIST, LIST], BOOL, onTwoLists(holdsAll))),
  fn(
    'sets.equivalent',
    overload(
      'list_sets_equivalent_list',
      [LIST, LIST],
      BOOL,
      onTwoLists((a, b) => holdsAll(a, b) && holdsAll(b, a)),
    ),
  ),
  fn(
    'sets.intersects',
    overload(
      'list_sets_intersects_list',
      [LIST, LIST],
      BOOL,
      onTwoLists((a, b) => [...a].some((item) => holds(b, item))),
    ),
  ),
]
