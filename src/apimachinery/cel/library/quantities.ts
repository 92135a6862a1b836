import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
  subtractQuantity,
} from '../../quantity/quantity.ts'
import { ParseError } from '../../parse-error.ts'
import { BOOL, DOUBLE, INT, STRING } from '../check/types.ts'
import { CelError, type CelValue, Double, noSuchOverload, Opaque, toInt } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, overload } from './functions.ts'
import { QUANTITY_TYPE } from './types.ts'

const UNIT = 1_000_000_000n
const MAX_INT = 2n ** 63n - 1n

/** A resource's quantity. */
class QuantityValue extends Opaque {
  readonly type = QUANTITY_TYPE
  readonly quantity: Quantity
  /** The power of ten in which upstream keeps it as an integer; undefined: it is kept in another way. */
  readonly scale: number | undefined
  constructor(quantity: Quantity, scale: number | undefined) {
    super()
    this.quantity = quantity
    this.scale = scale
  }
  equals(other: CelValue): boolean | CelError {
    return other instanceof QuantityValue ? this.quantity.nanos === other.quantity.nanos : noSuchOverload
  }
}

const DECIMALS: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const BINARIES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** Where upstream would keep a text's amount: `1.0` and `1000m` are no integers, `1Ei` is too large for its short form. */
function scaleOf(text: string): number | undefined {
  const [, whole = '', fraction = '', suffix = ''] = /^[+-]?0*(\d*)(?:\.(\d*))?(.*)$/.exec(text) ?? []
  const binary = BINARIES.indexOf(suffix)
  if (binary >= 0) {
    const precision = 15 - whole.length - Math.floor((binary + 1) * 3) - 1
    return fraction === '' && precision >= 0 ? 0 : undefined
  }
  const exponent = DECIMALS[suffix] ?? Number(suffix.slice(1))
  const scale = exponent - fraction.length
  return whole.length + fraction.length <= 18 && scale >= -9 ? scale : undefined
}

function parse(text: CelValue | undefined): QuantityValue | CelError {
  if (typeof text !== 'string') return noSuchOverload
  try {
    return new QuantityValue(parseQuantity(text), scaleOf(text))
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return new CelError(error.message)
  }
}

function onQuantity(act: (quantity: Quantity, scale: number | undefined) => CelValue): Implementation {
  return (value) => (value instanceof QuantityValue ? act(value.quantity, value.scale) : noSuchOverload)
}

function onTwo(act: (a: Quantity, b: Quantity) => CelValue): Implementation {
  return (a, b) =>
    a instanceof QuantityValue && b instanceof QuantityValue ? act(a.quantity, b.quantity) : noSuchOverload
}

/** A sum or difference, with another quantity or a whole number. */
function combining(act: (a: Quantity, b: Quantity) => Quantity): Implementation {
  return (a, b) => {
    const other = typeof b === 'number' || typeof b === 'bigint' ? new QuantityValue(quantityOf(Number(b)), 0) : b
    if (!(a instanceof QuantityValue) || !(other instanceof QuantityValue)) return noSuchOverload
    return new QuantityValue(act(a.quantity, other.quantity), commonScale(a, other))
  }
}

function commonScale(a: QuantityValue, b: QuantityValue): number | undefined {
  if (b.quantity.nanos === 0n) return a.scale
  if (a.scale === undefined || b.scale === undefined) return undefined
  return a.quantity.nanos === 0n ? b.scale : Math.min(a.scale, b.scale)
}

function wholeOf({ nanos }: Quantity, scale: number | undefined): number | bigint | undefined {
  const whole = nanos / UNIT
  if (scale === undefined || scale < 0 || whole > MAX_INT || whole < -MAX_INT - 1n) return undefined
  return toInt(whole)
}

const sign = (value: bigint): number => (value > 0n ? 1 : value < 0n ? -1 : 0)

const TWO = [QUANTITY_TYPE, QUANTITY_TYPE]

/** Kubernetes' quantities. */
export const quantityLibrary: readonly FunctionDecl[] = [
  fn('quantity', overload('string_to_quantity', [STRING], QUANTITY_TYPE, parse)),
  fn(
    'isQuantity',
    overload('is_quantity_string', [STRING], BOOL, (text) => parse(text) instanceof QuantityValue),
  ),
  fn(
    'sign',
    overload(
      'quantity_sign',
      [QUANTITY_TYPE],
      INT,
      onQuantity(({ nanos }) => sign(nanos)),
    ),
  ),
  fn(
    'isGreaterThan',
    member(
      'quantity_is_greater_than',
      TWO,
      BOOL,
      onTwo((a, b) => compareQuantity(a, b) > 0),
    ),
  ),
  fn(
    'isLessThan',
    member(
      'quantity_is_less_than',
      TWO,
      BOOL,
      onTwo((a, b) => compareQuantity(a, b) < 0),
    ),
  ),
  fn(
    'compareTo',
    member(
      'quantity_compare_to',
      TWO,
      INT,
      onTwo((a, b) => sign(a.nanos - b.nanos)),
    ),
  ),
  fn(
    'asApproximateFloat',
    member(
      'quantity_get_float',
      [QUANTITY_TYPE],
      DOUBLE,
      onQuantity(({ nanos }) => new Double(Number(nanos) / 1e9)),
    ),
  ),
  fn(
    'asInteger',
    member(
      'quantity_get_int',
      [QUANTITY_TYPE],
      INT,
      onQuantity((quantity, scale) => wholeOf(quantity, scale) ?? new CelError('cannot convert value to integer')),
    ),
  ),
  fn(
    'isInteger',
    member(
      'quantity_is_integer',
      [QUANTITY_TYPE],
      BOOL,
      onQuantity((quantity, scale) => wholeOf(quantity, scale) !== undefined),
    ),
  ),
  fn(
    'add',
    member('quantity_add', TWO, QUANTITY_TYPE, combining(addQuantity)),
    member('quantity_add_int', [QUANTITY_TYPE, INT], QUANTITY_TYPE, combining(addQuantity)),
  ),
  fn(
    'sub',
    member('quantity_sub', TWO, QUANTITY_TYPE, combining(subtractQuantity)),
    member('quantity_sub_int', [QUANTITY_TYPE, INT], QUANTITY_TYPE, combining(subtractQuantity)),
  ),
]
