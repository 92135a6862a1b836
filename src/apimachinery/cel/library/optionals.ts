import { BOOL, listType, mapType, optionalType, typeParam } from '../check/types.ts'
import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  Duration,
  MapBuilder,
  NONE,
  noSuchOverload,
  Optional,
  Uint,
  ValueMap,
} from '../values/values.ts'
import { textOf } from '../values/convert.ts'
import { type FunctionDecl, fn, member, overload } from './functions.ts'

const V = typeParam('V')
const K = typeParam('K')
const OPTIONAL = optionalType(V)
const LIST = listType(V)

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0 || value === '') return true
  if (value instanceof Double) return value.value === 0
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof Uint8Array) return value.length === 0
  return (value instanceof CelList || value instanceof CelMap) && value.size === 0
}

function unwrap(list: CelValue | undefined): CelValue {
  if (!(list instanceof CelList)) return noSuchOverload
  const values: CelValue[] = []
  for (const item of list) {
    if (!(item instanceof Optional)) return new CelError('value is not optional')
    if (item.value !== undefined) values.push(item.value)
  }
  return new ArrayList(values)
}

function end(list: CelValue | undefined, last: boolean): CelValue {
  if (!(list instanceof CelList)) return noSuchOverload
  return list.size === 0 ? NONE : new Optional(list.get(last ? list.size - 1 : 0))
}

/** Functions on optional values; `or` and `orValue` are planned apart, their second side being lazy. */
export const optionalLibrary: readonly FunctionDecl[] = [
  fn(
    'optional.of',
    overload('optional_of', [V], OPTIONAL, (value) => new Optional(value ?? null)),
  ),
  fn(
    'optional.ofNonZeroValue',
    overload('optional_ofNonZeroValue', [V], OPTIONAL, (value) =>
      isZero(value ?? null) ? NONE : new Optional(value ?? null),
    ),
  ),
  fn(
    'optional.none',
    overload('optional_none', [], OPTIONAL, () => NONE),
  ),
  fn(
    'value',
    member('optional_value', [OPTIONAL], V, (optional) => {
      if (!(optional instanceof Optional)) return noSuchOverload
      return optional.value === undefined ? new CelError('optional.none() dereference') : optional.value
    }),
  ),
  fn(
    'hasValue',
    member('optional_hasValue', [OPTIONAL], BOOL, (optional) =>
      optional instanceof Optional ? optional.value !== undefined : noSuchOverload,
    ),
  ),
  fn('or', member('optional_or_optional', [OPTIONAL, OPTIONAL], OPTIONAL)),
  fn('orValue', member('optional_orValue_value', [OPTIONAL, V], V)),
  fn(
    'first',
    member('list_first', [LIST], OPTIONAL, (list) => end(list, false)),
  ),
  fn(
    'last',
    member('list_last', [LIST], OPTIONAL, (list) => end(list, true)),
  ),
  fn('optional.unwrap', overload('optional_unwrap', [listType(OPTIONAL)], LIST, unwrap)),
  fn('unwrapOpt', member('optional_unwrapOpt', [listType(OPTIONAL)], LIST, unwrap)),
]

const MAP = mapType(K, V)

function insert(map: CelValue | undefined, entries: Iterable<readonly [CelValue, CelValue]>): CelValue {
  if (!(map instanceof CelMap)) return noSuchOverload
  const target = map instanceof MapBuilder ? map : copyOf(map)
  for (const [key, value] of entries) {
    if (target.find(key) !== undefined) {
      return new CelError(`insert failed: key ${textOf(key)} already exists`)
    }
    target.insert(key, value)
  }
  return target
}

function copyOf(map: CelMap): ValueMap {
  return new ValueMap([...map.keys()].map((key) => [key, map.find(key) ?? null] as const))
}

/** What the comprehensions of two variables call. */
export const comprehensionLibrary: readonly FunctionDecl[] = [
  fn(
    'cel.@mapInsert',
    overload('@mapInsert_map_key_value', [MAP, K, V], MAP, (map, key, value) =>
      insert(map, [[key ?? null, value ?? null]]),
    ),
    overload('@mapInsert_map_map', [MAP, MAP], MAP, (map, other) =>
      other instanceof CelMap
        ? insert(
            map,
            [...other.keys()].map((key) => [key, other.find(key) ?? null] as const),
          )
        : noSuchOverload,
    ),
  ),
]
