import type { CelType, TypeKind } from '../check/types.ts'
import { isDyn } from '../check/types.ts'
import type { FunctionDecl, Implementation, Overload } from '../library/functions.ts'
import { CelError, CelList, CelMap, type CelValue, isError, Opaque, typeOf } from '../values/values.ts'
import type { CallCost } from '../cost/runtime.ts'
import { charge, type Eval } from './frame.ts'

/** Types whose values upstream asks once more when an operator does not know them: the complaint is shorter. */
const RECEIVERS: readonly TypeKind[] = ['string', 'timestamp', 'duration']

/** What a call does once its arguments are there, chosen among the overloads that the checker left. */
export function implementationOf(
  fn: FunctionDecl,
  overloads: readonly Overload[],
  argTypes: readonly CelType[],
): Implementation {
  const { singleton } = fn
  if (singleton !== undefined) return guarded(fn, singleton)
  const [only, ...others] = overloads
  if (only?.call === undefined) return () => new CelError(`no such overload: ${fn.name}`)
  if (others.length === 0 && certain(only, argTypes)) return only.call
  const candidates = others.length === 0 ? [only] : fn.overloads
  return (...args) => {
    const fitting = candidates.find((one) => fits(one, args))
    if (fitting?.call !== undefined) return fitting.call(...args)
    return new CelError(`no such overload: ${fn.name}(${args.map((arg) => typeOf(arg).name).join(', ')})`)
  }
}

/** An operator on values that may be of a type it does not know. */
function guarded(fn: FunctionDecl, call: Implementation): Implementation {
  const { operands } = fn
  if (operands === undefined) return call
  return (...args) => {
    const { kind } = typeOf(args[0] ?? null)
    if (operands.includes(kind)) return call(...args)
    return new CelError(RECEIVERS.includes(kind) ? 'no such overload' : `no such overload: ${fn.name}`)
  }
}

/** Whether the checker has made sure that the arguments fit. */
function certain(overload: Overload, argTypes: readonly CelType[]): boolean {
  return overload.args.every((wanted, i) => {
    const actual = argTypes[i]
    if (actual === undefined || wanted.kind !== actual.kind) return false
    return wanted.kind !== 'list' && wanted.kind !== 'map' && wanted.name === actual.name
  })
}

function fits(overload: Overload, args: readonly CelValue[]): boolean {
  return overload.args.length === args.length && overload.args.every((wanted, i) => isOfType(args[i] ?? null, wanted))
}

/** Whether a value is of a type, judging a list or map by its first entry. */
function isOfType(value: CelValue, wanted: CelType): boolean {
  if (isDyn(wanted) || wanted.kind === 'param') return true
  if (typeOf(value).name !== wanted.name) return false
  const [first, second] = wanted.parameters
  if (value instanceof CelList) return value.size === 0 || first === undefined || isOfType(value.get(0), first)
  if (!(value instanceof CelMap) || value.size === 0 || value instanceof Opaque) return true
  for (const key of value.keys()) {
    if (first !== undefined && !isOfType(key, first)) return false
    return second === undefined || isOfType(value.find(key) ?? null, second)
  }
  return true
}

/** A call: its arguments evaluated, a failed one passed on, its cost charged. */
export function callOf(args: readonly Eval[], call: Implementation, cost: CallCost): Eval {
  const [first, second] = args
  if (first === undefined) return noArguments(call, cost)
  if (args.length === 1) return oneArgument(first, call, cost)
  if (args.length === 2 && second !== undefined) return twoArguments(first, second, call, cost)
  return manyArguments(args, call, cost)
}

function noArguments(call: Implementation, cost: CallCost): Eval {
  return (frame) => {
    const result = call()
    charge(frame, typeof cost === 'number' ? cost : cost([], result))
    return result
  }
}

function oneArgument(arg: Eval, call: Implementation, cost: CallCost): Eval {
  return (frame) => {
    const a = arg(frame)
    const result = isError(a) ? a : call(a)
    charge(frame, typeof cost === 'number' ? cost : cost([a], result))
    return result
  }
}

function twoArguments(left: Eval, right: Eval, call: Implementation, cost: CallCost): Eval {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    const result = isError(a) ? a : isError(b) ? b : call(a, b)
    charge(frame, typeof cost === 'number' ? cost : cost([a, b], result))
    return result
  }
}

/** Of more than two arguments the first that fails ends the call, free of charge unless it is the last. */
function manyArguments(args: readonly Eval[], call: Implementation, cost: CallCost): Eval {
  return (frame) => {
    const values: CelValue[] = []
    let failed: CelError | undefined
    for (const arg of args) {
      const value = arg(frame)
      values.push(value)
      if (!isError(value)) continue
      failed = value
      break
    }
    if (failed !== undefined && values.length < args.length) return failed
    const result = failed ?? call(...values)
    charge(frame, typeof cost === 'number' ? cost : cost(values, result))
    return result
  }
}
