import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  optionalType,
  STRING,
  TIMESTAMP,
  TYPE,
  type TypeKind,
  typeOfType,
  typeParam,
  UINT,
} from '../check/types.ts'
import { add, divide, modulo, multiply, negate, subtract } from '../values/arithmetic.ts'
import {
  toBoolValue,
  toBytesValue,
  toDoubleValue,
  toDurationValue,
  toIntValue,
  toStringValue,
  toTimestampValue,
  toUintValue,
} from '../values/convert.ts'
import { compare, equal } from '../values/equality.ts'
import { codePoints } from '../values/text.ts'
import { CelList, CelMap, type CelValue, type CelError, isError, noSuchOverload, typeOf } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, operator, overload, type Overload } from './functions.ts'
import { matches } from './regex.ts'
import { CIDR_TYPE, IP_TYPE } from './types.ts'
import { timeFunctions } from './times.ts'

const A = typeParam('A')
const B = typeParam('B')
const LIST = listType(A)
const MAP = mapType(A, B)

/** The names of types that are values: `type(1) == int`. */
export const standardTypes: ReadonlyMap<string, CelType> = new Map(
  [BOOL, BYTES, DOUBLE, DURATION, INT, LIST, MAP, NULL, STRING, TIMESTAMP, TYPE, UINT, IP_TYPE, CIDR_TYPE].map(
    (type) => [type.name, typeOfType(type)],
  ),
)

/** Whether an `in` holds: an element of a list, a key of a map. */
export function contains(item: CelValue, container: CelValue): CelValue {
  if (container instanceof CelList) return listContains(container, item)
  if (!(container instanceof CelMap)) return noSuchOverload
  const found = container.find(item)
  return isError(found) ? found : found !== undefined
}

function listContains(list: CelList, item: CelValue): CelValue {
  for (const element of list) if (equal(item, element) === true) return true
  return false
}

/** `size(x)` */
export function size(value: CelValue): CelValue {
  if (typeof value === 'string') return codePoints(value)
  if (value instanceof CelList || value instanceof CelMap) return value.size
  return value instanceof Uint8Array ? value.length : noSuchOverload
}

function comparison(holds: (order: number) => boolean): Implementation {
  return (a, b) => {
    const order: number | CelError = compare(a ?? null, b ?? null)
    return typeof order === 'number' ? holds(order) : order
  }
}

/** The overloads of `<` and its like: id per pair of types. */
function comparisons(name: string): Overload[] {
  const pairs: [string, CelType, CelType][] = [
    ['bool', BOOL, BOOL],
    ['int64', INT, INT],
    ['int64_double', INT, DOUBLE],
    ['int64_uint64', INT, UINT],
    ['uint64', UINT, UINT],
    ['uint64_double', UINT, DOUBLE],
    ['uint64_int64', UINT, INT],
    ['double', DOUBLE, DOUBLE],
    ['double_int64', DOUBLE, INT],
    ['double_uint64', DOUBLE, UINT],
    ['string', STRING, STRING],
    ['bytes', BYTES, BYTES],
    ['timestamp', TIMESTAMP, TIMESTAMP],
    ['duration', DURATION, DURATION],
  ]
  return pairs.map(([id, a, b]) => overload(`${name}_${id}`, [a, b], BOOL))
}

const NUMBERS: readonly TypeKind[] = ['double', 'int', 'uint']
const ORDERED: readonly TypeKind[] = ['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint']

const logical: FunctionDecl[] = [
  fn('_?_:_', overload('conditional', [BOOL, A, A], A)),
  fn('_&&_', overload('logical_and', [BOOL, BOOL], BOOL)),
  fn('_||_', overload('logical_or', [BOOL, BOOL], BOOL)),
  operator(
    '!_',
    (value) => (typeof value === 'boolean' ? !value : noSuchOverload),
    undefined,
    overload('logical_not', [BOOL], BOOL),
  ),
  fn('@not_strictly_false', overload('not_strictly_false', [BOOL], BOOL)),
  fn('_==_', overload('equals', [A, A], BOOL)),
  fn('_!=_', overload('not_equals', [A, A], BOOL)),
]

const arithmetic: FunctionDecl[] = [
  operator(
    '_+_',
    (a, b) => add(a ?? null, b ?? null),
    ['bytes', 'double', 'duration', 'int', 'list', 'string', 'timestamp', 'uint'],
    overload('add_bytes', [BYTES, BYTES], BYTES),
    overload('add_double', [DOUBLE, DOUBLE], DOUBLE),
    overload('add_duration_duration', [DURATION, DURATION], DURATION),
    overload('add_duration_timestamp', [DURATION, TIMESTAMP], TIMESTAMP),
    overload('add_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP),
    overload('add_int64', [INT, INT], INT),
    overload('add_list', [LIST, LIST], LIST),
    overload('add_string', [STRING, STRING], STRING),
    overload('add_uint64', [UINT, UINT], UINT),
  ),
  operator(
    '_/_',
    (a, b) => divide(a ?? null, b ?? null),
    NUMBERS,
    overload('divide_double', [DOUBLE, DOUBLE], DOUBLE),
    overload('divide_int64', [INT, INT], INT),
    overload('divide_uint64', [UINT, UINT], UINT),
  ),
  operator(
    '_%_',
    (a, b) => modulo(a ?? null, b ?? null),
    ['int', 'uint'],
    overload('modulo_int64', [INT, INT], INT),
    overload('modulo_uint64', [UINT, UINT], UINT),
  ),
  operator(
    '_*_',
    (a, b) => multiply(a ?? null, b ?? null),
    NUMBERS,
    overload('multiply_double', [DOUBLE, DOUBLE], DOUBLE),
    overload('multiply_int64', [INT, INT], INT),
    overload('multiply_uint64', [UINT, UINT], UINT),
  ),
  operator(
    '-_',
    (a) => negate(a ?? null),
    ['bool', 'double', 'duration', 'int'],
    overload('negate_double', [DOUBLE], DOUBLE),
    overload('negate_int64', [INT], INT),
  ),
  operator(
    '_-_',
    (a, b) => subtract(a ?? null, b ?? null),
    ['double', 'duration', 'int', 'timestamp', 'uint'],
    overload('subtract_double', [DOUBLE, DOUBLE], DOUBLE),
    overload('subtract_duration_duration', [DURATION, DURATION], DURATION),
    overload('subtract_int64', [INT, INT], INT),
    overload('subtract_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP),
    overload('subtract_timestamp_timestamp', [TIMESTAMP, TIMESTAMP], DURATION),
    overload('subtract_uint64', [UINT, UINT], UINT),
  ),
]

const relations: FunctionDecl[] = [
  operator(
    '_<_',
    comparison((order) => order < 0),
    ORDERED,
    ...comparisons('less'),
  ),
  operator(
    '_<=_',
    comparison((order) => order <= 0),
    ORDERED,
    ...comparisons('less_equals'),
  ),
  operator(
    '_>_',
    comparison((order) => order > 0),
    ORDERED,
    ...comparisons('greater'),
  ),
  operator(
    '_>=_',
    comparison((order) => order >= 0),
    ORDERED,
    ...comparisons('greater_equals'),
  ),
]

const aggregates: FunctionDecl[] = [
  fn('_[_]', overload('index_list', [LIST, INT], A), overload('index_map', [MAP, A], B)),
  operator(
    '@in',
    (item, container) => contains(item ?? null, container ?? null),
    undefined,
    overload('in_list', [A, LIST], BOOL),
    overload('in_map', [A, MAP], BOOL),
  ),
  operator(
    'size',
    (value) => size(value ?? null),
    ['bytes', 'string', 'list', 'map'],
    overload('size_bytes', [BYTES], INT),
    member('bytes_size', [BYTES], INT),
    overload('size_list', [LIST], INT),
    member('list_size', [LIST], INT),
    overload('size_map', [MAP], INT),
    member('map_size', [MAP], INT),
    overload('size_string', [STRING], INT),
    member('string_size', [STRING], INT),
  ),
]

/** A conversion: one overload for each type it takes. */
function conversion(
  name: string,
  to: CelType,
  convert: (value: CelValue) => CelValue,
  from: readonly [string, CelType][],
): FunctionDecl {
  return fn(name, ...from.map(([id, type]) => overload(id, [type], to, (value) => convert(value ?? null))))
}

const conversions: FunctionDecl[] = [
  operator('type', (value) => typeOf(value ?? null), undefined, overload('type', [A], typeOfType(A))),
  conversion('bool', BOOL, toBoolValue, [
    ['bool_to_bool', BOOL],
    ['string_to_bool', STRING],
  ]),
  conversion('bytes', BYTES, toBytesValue, [
    ['bytes_to_bytes', BYTES],
    ['string_to_bytes', STRING],
  ]),
  conversion('double', DOUBLE, toDoubleValue, [
    ['double_to_double', DOUBLE],
    ['int64_to_double', INT],
    ['string_to_double', STRING],
    ['uint64_to_double', UINT],
  ]),
  conversion('duration', DURATION, toDurationValue, [
    ['duration_to_duration', DURATION],
    ['int64_to_duration', INT],
    ['string_to_duration', STRING],
  ]),
  operator('dyn', (value) => value ?? null, undefined, overload('to_dyn', [A], DYN)),
  conversion('int', INT, toIntValue, [
    ['int64_to_int64', INT],
    ['double_to_int64', DOUBLE],
    ['duration_to_int64', DURATION],
    ['string_to_int64', STRING],
    ['timestamp_to_int64', TIMESTAMP],
    ['uint64_to_int64', UINT],
  ]),
  conversion('string', STRING, toStringValue, [
    ['string_to_string', STRING],
    ['bool_to_string', BOOL],
    ['bytes_to_string', BYTES],
    ['double_to_string', DOUBLE],
    ['duration_to_string', DURATION],
    ['int64_to_string', INT],
    ['timestamp_to_string', TIMESTAMP],
    ['uint64_to_string', UINT],
  ]),
  conversion('timestamp', TIMESTAMP, toTimestampValue, [
    ['timestamp_to_timestamp', TIMESTAMP],
    ['int64_to_timestamp', INT],
    ['string_to_timestamp', STRING],
  ]),
  conversion('uint', UINT, toUintValue, [
    ['uint64_to_uint64', UINT],
    ['double_to_uint64', DOUBLE],
    ['int64_to_uint64', INT],
    ['string_to_uint64', STRING],
  ]),
]

/** A predicate on two strings, which refuses all else. */
function textPredicate(name: string, id: string, holds: (text: string, other: string) => boolean): FunctionDecl {
  return operator(
    name,
    (text, other) => (typeof text === 'string' && typeof other === 'string' ? holds(text, other) : noSuchOverload),
    undefined,
    member(id, [STRING, STRING], BOOL),
  )
}

const strings: FunctionDecl[] = [
  textPredicate('contains', 'contains_string', (text, part) => text.includes(part)),
  textPredicate('endsWith', 'ends_with_string', (text, end) => text.endsWith(end)),
  textPredicate('startsWith', 'starts_with_string', (text, start) => text.startsWith(start)),
  operator(
    'matches',
    (text, pattern) => matches(text ?? null, pattern ?? null),
    ['string'],
    overload('matches', [STRING, STRING], BOOL),
    member('matches_string', [STRING, STRING], BOOL),
  ),
]

/** Optional types' part in the language itself; their functions are in a library of their own. */
export const optionalOperators: FunctionDecl[] = [
  fn('_?._', overload('select_optional_field', [DYN, STRING], optionalType(typeParam('V')))),
  fn(
    '_[?_]',
    overload('list_optindex_optional_int', [listType(typeParam('V')), INT], optionalType(typeParam('V'))),
    overload(
      'optional_list_optindex_optional_int',
      [optionalType(listType(typeParam('V'))), INT],
      optionalType(typeParam('V')),
    ),
    overload(
      'map_optindex_optional_value',
      [mapType(typeParam('K'), typeParam('V')), typeParam('K')],
      optionalType(typeParam('V')),
    ),
    overload(
      'optional_map_optindex_optional_value',
      [optionalType(mapType(typeParam('K'), typeParam('V'))), typeParam('K')],
      optionalType(typeParam('V')),
    ),
  ),
  fn(
    '_[_]',
    overload('optional_list_index_int', [optionalType(listType(typeParam('V'))), INT], optionalType(typeParam('V'))),
    overload(
      'optional_map_index_value',
      [optionalType(mapType(typeParam('K'), typeParam('V'))), typeParam('K')],
      optionalType(typeParam('V')),
    ),
  ),
]

/** The functions of the CEL specification. */
export const standardFunctions: readonly FunctionDecl[] = [
  ...logical,
  ...arithmetic,
  ...relations,
  ...aggregates,
  ...conversions,
  ...strings,
  ...timeFunctions,
]
