import { equal } from '../values/equality.ts'
import { type CelError, type CelValue, isError, noSuchOverload, Optional } from '../values/values.ts'
import type { CallCost } from '../cost/runtime.ts'
import { charge, type Eval } from './frame.ts'

/** `&&` (whose answer is settled by a false) or `||` (by a true): the other side's failure does not matter then. */
export function logicOf(left: Eval, right: Eval, settles: boolean): Eval {
  return (frame) => {
    const a = left(frame)
    if (a === settles) return settles
    const b = right(frame)
    if (b === settles) return settles
    if (typeof a !== 'boolean') return failure(a)
    return typeof b === 'boolean' ? !settles : failure(b)
  }
}

function failure(value: CelValue): CelError {
  return isError(value) ? value : noSuchOverload
}

/** `==` and `!=`. */
export function equalityOf(left: Eval, right: Eval, negated: boolean, cost: CallCost): Eval {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    const result = isError(a) ? a : isError(b) ? b : answer(equal(a, b), negated)
    charge(frame, typeof cost === 'number' ? cost : cost([a, b], result))
    return result
  }
}

/** A comparison that failed is not equal, so `!=` holds. */
function answer(same: boolean | CelError, negated: boolean): boolean | CelError {
  return negated ? same !== true : same
}

/** Whether a comprehension goes on: anything but a plain false. */
export function notStrictlyFalseOf(arg: Eval): Eval {
  return (frame) => {
    const value = arg(frame)
    charge(frame, 1)
    return value !== false
  }
}

/** `optional.or(other)` and `optional.orValue(value)`: the other side is evaluated only when there is no value. */
export function orElseOf(left: Eval, right: Eval, unwrap: boolean): Eval {
  return (frame) => {
    const value = left(frame)
    if (!(value instanceof Optional)) return value
    if (value.value === undefined) return right(frame)
    return unwrap ? value.value : value
  }
}

/** `x in [constants]` by a set; free of charge, as upstream has it. */
export function membershipOf(item: Eval, set: { has(value: CelValue): boolean }): Eval {
  return (frame) => {
    const value = item(frame)
    return isError(value) ? value : set.has(value)
  }
}
