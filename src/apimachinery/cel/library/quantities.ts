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
  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }
  equals(other: CelValue): boolean | CelError {
    return other instanceof QuantityValue ? this.quantity.nanos === other.quantity.nanos : noSuchOverload
  }
}

function parse(text: CelValue | undefined): QuantityValue | CelError {
  if (typeof text !== 'string') return noSuchOverload
  try {
    return new QuantityValue(parseQuantity(text))
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return new CelError(error.message)
  }
}

function onQuantity(act: (quantity: Quantity) => CelValue): Implementation {
  return (value) => (value instanceof QuantityValue ? act(value.quantity) : noSuchOverload)
}

/** With another quantity, or a whole number. */
function onTwo(act: (a: Quantity, b: Quantity) => CelValue): Implementation {
  return (a, b) => {
    if (!(a instanceof QuantityValue)) return noSuchOverload
    if (b instanceof QuantityValue) return act(a.quantity, b.quantity)
    return typeof b === 'number' || typeof b === 'bigint' ? act(a.quantity, quantityOf(Number(b))) : noSuchOverload
  }
}

function wholeOf({ nanos }: Quantity): number | bigint | undefined {
  const whole = nanos / UNIT
  return nanos % UNIT !== 0n || whole > MAX_INT || whole < -MAX_INT - 1n ? undefined : toInt(whole)
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
      onQuantity((quantity) => wholeOf(quantity) ?? new CelError('cannot convert value to integer')),
    ),
  ),
  fn(
    'isInteger',
    member(
      'quantity_is_integer',
      [QUANTITY_TYPE],
      BOOL,
      onQuantity((quantity) => wholeOf(quantity) !== undefined),
    ),
  ),
  fn(
    'add',
    member(
      'quantity_add',
      TWO,
      QUANTITY_TYPE,
      onTwo((a, b) => new QuantityValue(addQuantity(a, b))),
    ),
    member(
      'quantity_add_int',
      [QUANTITY_TYPE, INT],
      QUANTITY_TYPE,
      onTwo((a, b) => new QuantityValue(addQuantity(a, b))),
    ),
  ),
  fn(
    'sub',
    member(
      'quantity_sub',
      TWO,
      QUANTITY_TYPE,
      onTwo((a, b) => new QuantityValue(subtractQuantity(a, b))),
    ),
    member(
      'quantity_sub_int',
      [QUANTITY_TYPE, INT],
      QUANTITY_TYPE,
      onTwo((a, b) => new QuantityValue(subtractQuantity(a, b))),
    ),
  ),
]
