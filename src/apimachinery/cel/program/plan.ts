import type { Checked, Reference } from '../check/checker.ts'
import type { TypeProvider } from '../check/provider.ts'
import { type CelType, DYN } from '../check/types.ts'
import { type CallCost, callCost } from '../cost/runtime.ts'
import type { Implementation } from '../library/functions.ts'
import { constantPattern } from '../library/patterns.ts'
import type { Call, Comprehension, Expr, ListExpr, MapExpr, Select, StructExpr } from '../syntax/ast.ts'
import { CelError, CelList, type CelValue, isError, typeOf, ValueMap } from '../values/values.ts'
import { Attribute } from './attributes.ts'
import { callOf, implementationOf } from './calls.ts'
import { accumulatorOf, foldOf, initialOf } from './fold.ts'
import { charge, type Eval, type Frame } from './frame.ts'
import { equalityOf, logicOf, membershipOf, notStrictlyFalseOf, orElseOf } from './logic.ts'
import { listOf, mapOf, structOf } from './makers.ts'

/** An expression as closures. */
export interface Plan {
  readonly eval: Eval
  /** How many locals a frame needs. */
  readonly slots: number
}

/** A constant that cannot be computed: upstream's "program instantiation failed". */
export class PlanError extends Error {}

/** A planned node: known already, a path, or anything else. */
type Step = { readonly constant: CelValue } | { readonly attribute: Attribute } | { readonly eval: Eval }

const CONVERSIONS = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
])
const NOWHERE: Frame = { variables: {}, locals: [], cost: 0, limit: Infinity }

/** Turns a checked expression into closures, constants folded. Throws PlanError. */
export function plan(checked: Checked, types: TypeProvider): Plan {
  const planner = new Planner(checked, types)
  return { eval: planner.eval(checked.expr), slots: planner.slots }
}

class Planner {
  readonly #checked: Checked
  readonly #types: TypeProvider
  readonly #scopes: Map<string, Eval>[] = []
  slots = 0

  constructor(checked: Checked, types: TypeProvider) {
    this.#checked = checked
    this.#types = types
  }

  eval(expr: Expr): Eval {
    const step = this.#step(expr)
    if ('eval' in step) return step.eval
    if ('attribute' in step) return step.attribute.full()
    const { constant } = step
    return () => constant
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? DYN
  }

  #step(expr: Expr): Step {
    const reference = this.#checked.references.get(expr)
    if (reference?.kind === 'type') return { constant: reference.type.parameters[0] ?? reference.type }
    if (reference?.kind === 'variable') return { attribute: new Attribute(this.#variable(reference.name)) }
    switch (expr.kind) {
      case 'literal':
        return { constant: expr.value }
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr, reference)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return { eval: this.#struct(expr) }
      case 'comprehension':
        return { eval: this.#fold(expr) }
      case 'ident':
      case 'broken':
        throw new PlanError('an expression with errors cannot be planned')
    }
  }

  #variable(name: string): Eval {
    const local = this.#scopes.findLast((scope) => scope.has(name))?.get(name)
    if (local !== undefined) return local
    const missing = new CelError(`no such attribute(s): ${name}`)
    return (frame) => {
      const value = frame.variables[name]
      return value === undefined ? missing : value
    }
  }

  /** The path that an expression is, or that starts at its value. */
  #attribute(expr: Expr): Attribute {
    const step = this.#step(expr)
    if ('attribute' in step) return step.attribute
    if ('eval' in step) return new Attribute(step.eval)
    const { constant } = step
    return new Attribute(() => constant)
  }

  #select(expr: Select): Step {
    const attribute = this.#attribute(expr.operand)
    attribute.add({ key: expr.field, keyEval: undefined, optional: false, test: expr.test })
    return { attribute }
  }

  #index(operand: Expr, index: Expr, optional: boolean): Step {
    const attribute = this.#attribute(operand)
    const step = this.#step(index)
    if ('constant' in step) attribute.add({ key: step.constant, keyEval: undefined, optional, test: false })
    else {
      const keyEval = 'attribute' in step ? step.attribute.raw() : step.eval
      attribute.add({ key: undefined, keyEval, optional, test: false })
    }
    return { attribute }
  }

  #call(expr: Call, reference: Reference | undefined): Step {
    if (reference?.kind !== 'function') throw new PlanError(`no such overload: ${expr.fn}`)
    const target = reference.qualified ? undefined : expr.target
    const operands = target === undefined ? expr.args : [target, ...expr.args]
    const [first, second, third] = operands
    if (first !== undefined && second !== undefined) {
      const special = this.#special(reference.fn.name, [first, second, third], reference.overloads[0]?.id ?? '')
      if (special !== undefined) return special
    }
    if (reference.fn.name === '@not_strictly_false' && first !== undefined) {
      return { eval: notStrictlyFalseOf(this.eval(first)) }
    }
    return this.#plainCall(reference, operands)
  }

  /** Calls that do not just take the values of their arguments. */
  #special(fn: string, operands: [Expr, Expr, Expr | undefined], overloadId: string): Step | undefined {
    const [a, b, c] = operands
    switch (fn) {
      case '_?_:_':
        return c && this.#conditional(a, b, c)
      case '_&&_':
        return { eval: logicOf(this.eval(a), this.eval(b), false) }
      case '_||_':
        return { eval: logicOf(this.eval(a), this.eval(b), true) }
      case '_==_':
        return { eval: equalityOf(this.eval(a), this.eval(b), false, callCost('_==_', 'equals')) }
      case '_!=_':
        return { eval: equalityOf(this.eval(a), this.eval(b), true, callCost('_!=_', 'not_equals')) }
      case '_[_]':
        return this.#index(a, b, false)
      case '_[?_]':
      case '_?._':
        return this.#index(a, b, true)
      case 'or':
        return overloadId === 'optional_or_optional' ? { eval: orElseOf(this.eval(a), this.eval(b), false) } : undefined
      case 'orValue':
        return overloadId === 'optional_orValue_value'
          ? { eval: orElseOf(this.eval(a), this.eval(b), true) }
          : undefined
      default:
        return undefined
    }
  }

  #conditional(condition: Expr, yes: Expr, no: Expr): Step {
    const branches = { yes: this.#attribute(yes), no: this.#attribute(no) }
    return { attribute: new Attribute({ condition: this.eval(condition), ...branches }) }
  }

  #plainCall(reference: Reference & { kind: 'function' }, operands: readonly Expr[]): Step {
    const { fn, overloads } = reference
    const steps = operands.map((operand) => this.#step(operand))
    const argTypes = operands.map((operand) => this.#typeOf(operand))
    const id = overloads.length === 1 ? (overloads[0]?.id ?? '') : ''
    const call = this.#withPattern(fn.name, steps) ?? implementationOf(fn, overloads, argTypes)
    const cost: CallCost = callCost(fn.name, id)
    const folded = this.#folded(fn.name, id, steps, call)
    if (folded !== undefined) return folded
    return { eval: callOf(steps.map(evalOf), call, cost) }
  }

  /** A call with a constant pattern has it compiled once. */
  #withPattern(fn: string, steps: readonly Step[]): Implementation | undefined {
    const [, pattern] = steps
    if (pattern === undefined || !('constant' in pattern) || typeof pattern.constant !== 'string') return undefined
    const call = constantPattern(fn, pattern.constant)
    if (isError(call)) throw new PlanError(call.message)
    return call
  }

  /** Conversions of constants, and membership in a list of them, are computed once. */
  #folded(fn: string, overloadId: string, steps: readonly Step[], call: Implementation): Step | undefined {
    const [first, second] = steps
    if (first !== undefined && steps.length === 1 && CONVERSIONS.has(fn) && 'constant' in first) {
      const value = call(first.constant)
      if (isError(value)) throw new PlanError(value.message)
      return { constant: value }
    }
    if (overloadId !== 'in_list' || first === undefined || second === undefined || !('constant' in second)) {
      return undefined
    }
    const list = second.constant
    if (!(list instanceof CelList)) return undefined
    if (list.size === 0) return { constant: false }
    const items = [...list]
    if (!items.every(isPrimitive)) return undefined
    const set = new ValueMap(items.map((item) => [item, true] as const))
    return { eval: membershipOf(evalOf(first), { has: (value) => set.find(value) !== undefined }) }
  }

  #list(expr: ListExpr): Step {
    const steps = expr.elements.map((element) => this.#step(element))
    const make = listOf(steps.map(evalOf), expr.optional)
    if (steps.every((step) => 'constant' in step)) return { constant: make(NOWHERE) }
    return { eval: charged(make, 10) }
  }

  #map(expr: MapExpr): Step {
    const keys = expr.entries.map((entry) => this.#step(entry.key))
    const values = expr.entries.map((entry) => this.#step(entry.value))
    const entries = expr.entries.map(({ optional }, i) => {
      const [key, value] = [keys[i], values[i]]
      return { key: evalOf(key), value: evalOf(value), optional }
    })
    const make = mapOf(entries)
    if ([...keys, ...values].every((step) => 'constant' in step)) return { constant: make(NOWHERE) }
    return { eval: charged(make, 30) }
  }

  #struct(expr: StructExpr): Eval {
    const type = this.#typeOf(expr)
    const struct = this.#types.struct(type.name)
    const fields = expr.fields.map(({ name, value, optional }) => ({ name, value: this.eval(value), optional }))
    return charged(structOf(type.name, struct, fields), 40)
  }

  #fold(expr: Comprehension): Eval {
    const range = this.eval(expr.range)
    const initialStep = this.#step(expr.initial)
    const initial = initialOf(evalOf(initialStep), 'constant' in initialStep ? initialStep.constant : undefined)
    const accumulator = this.slots++
    const slot = this.slots++
    const slot2 = expr.variable2 === undefined ? undefined : this.slots++
    const variables = new Map<string, Eval>([[expr.variable, localOf(slot)]])
    if (expr.variable2 !== undefined && slot2 !== undefined) variables.set(expr.variable2, localOf(slot2))
    const accumulated = new Map([[expr.accumulator, accumulatorOf(accumulator, initial)]])
    this.#scopes.push(variables, accumulated)
    const condition = this.eval(expr.condition)
    const step = this.eval(expr.step)
    this.#scopes.splice(-2, 2, accumulated)
    const result = this.eval(expr.result)
    this.#scopes.pop()
    return foldOf({ range, slot, slot2, accumulator, condition, step, result })
  }
}

function evalOf(step: Step | undefined): Eval {
  if (step === undefined) return () => null
  if ('eval' in step) return step.eval
  if ('attribute' in step) return step.attribute.full()
  const { constant } = step
  return () => constant
}

function localOf(slot: number): Eval {
  return (frame) => frame.locals[slot] ?? null
}

function charged(make: Eval, cost: number): Eval {
  return (frame) => {
    const value = make(frame)
    charge(frame, cost)
    return value
  }
}

function isPrimitive(value: CelValue): boolean {
  return ['bool', 'double', 'int', 'string', 'uint'].includes(typeOf(value).kind)
}
