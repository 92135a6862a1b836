import type { Checked } from '../check/checker.ts'
import { type CelType, DYN, isOptional } from '../check/types.ts'
import type { Call, Comprehension, Expr, ListExpr, MapExpr, Select } from '../syntax/ast.ts'
import { ACCUMULATOR } from '../syntax/macros.ts'
import { codePoints } from '../values/text.ts'
import { CelMap } from '../values/values.ts'
import { extensionEstimate } from './extensions.ts'
import { kubernetesEstimate } from './kubernetes.ts'
import { add, byFactor, fixed, MAX, multiply, NOTHING, type Range, union, UNKNOWN } from './range.ts'
import { REGEX_LENGTH, TRAVERSAL } from './runtime.ts'

/**
 * Knows the sizes of data from its schema. A path starts with a variable; then come field names, `@items`, `@values`,
 * `@keys` and `@indices`.
 */
export type SizeEstimator = (path: readonly string[], type: CelType) => Range | undefined

/** A node as the estimates of calls see it. */
export interface EstimatedNode {
  readonly path: readonly string[] | undefined
  readonly type: CelType
  readonly expr: Expr | undefined
  readonly size: Range | undefined
}

/** What a call costs, and how large its result is if that is known. */
export interface CallEstimate {
  readonly cost: Range
  readonly size?: Range
}

/** The least and most that evaluating a checked expression can cost. */
export function estimateCost(checked: Checked, sizes: SizeEstimator): Range {
  return new Estimator(checked, sizes).cost(checked.expr)
}

/** Sizes of a container's keys and values. */
interface Entries {
  readonly container: 'list' | 'map'
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: Entries | undefined
}

class Estimator {
  readonly #checked: Checked
  readonly #sizes: SizeEstimator
  readonly #paths = new Map<Expr, readonly string[]>()
  readonly #computed = new Map<Expr, Range>()
  readonly #entries = new Map<Expr, Entries>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, sizes: SizeEstimator) {
    this.#checked = checked
    this.#sizes = sizes
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'literal':
      case 'broken':
        return NOTHING
      case 'ident':
        this.#paths.set(expr, this.#local(expr.name)?.path ?? [this.#nameOf(expr, expr.name)])
        return fixed(1)
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return add(...expr.fields.map((field) => this.cost(field.value)), fixed(40))
      case 'comprehension':
        return isBind(expr) ? this.#bind(expr) : this.#fold(expr)
    }
  }

  #nameOf(expr: Expr, name: string): string {
    const reference = this.#checked.references.get(expr)
    return reference?.kind === 'variable' ? reference.name : name
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? DYN
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name)
    if (stack === undefined) this.#locals.set(name, [local])
    else stack.push(local)
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop()
  }

  #pathOf(expr: Expr): readonly string[] {
    const local = expr.kind === 'ident' ? this.#local(expr.name) : undefined
    return local?.path ?? this.#paths.get(expr) ?? []
  }

  #sizeOf(expr: Expr): Range | undefined {
    const known = this.#computed.get(expr) ?? literalSize(expr)
    if (known !== undefined) return known
    const type = this.#typeOf(expr)
    const declared = this.#sizes(this.#pathOf(expr), type)
    if (declared !== undefined) {
      this.#computed.set(expr, declared)
      return declared
    }
    if (isScalar(type)) return fixed(1)
    return expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined
  }

  #entriesOf(expr: Expr): Entries | undefined {
    return this.#entries.get(expr) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.entries : undefined)
  }

  #node(expr: Expr): EstimatedNode {
    const path = this.#pathOf(expr)
    return {
      path: path.length === 0 || path[0] === ACCUMULATOR ? undefined : path,
      type: this.#typeOf(expr),
      expr,
      size: this.#sizeOf(expr),
    }
  }

  #select(expr: Select): Range {
    if (this.#checked.references.has(expr)) {
      this.#paths.set(expr, [this.#nameOf(expr, expr.field)])
      return fixed(1)
    }
    const operand = this.cost(expr.operand)
    if (expr.test) return operand
    this.#paths.set(expr, [...this.#pathOf(expr.operand), expr.field])
    const direct = ['map', 'struct', 'param'].includes(this.#typeOf(expr.operand).kind)
    return direct ? add(operand, fixed(1)) : operand
  }

  #call(expr: Call): Range {
    const [first] = expr.args
    if (expr.fn === 'dyn' && first !== undefined) {
      const cost = this.cost(first)
      this.#copySizes(expr, first)
      return add(fixed(1), cost)
    }
    const costs = expr.args.map((arg) => this.cost(arg))
    const nodes = expr.args.map((arg) => this.#node(arg))
    const reference = this.#checked.references.get(expr)
    if (reference?.kind !== 'function') return NOTHING
    const member = expr.target !== undefined && !reference.qualified ? expr.target : undefined
    const targetCost = member === undefined ? NOTHING : this.cost(member)
    const target = member === undefined ? undefined : this.#node(member)
    let cost: Range = { min: MAX, max: 0n }
    let size: Range | undefined
    for (const { id } of reference.overloads) {
      const estimate = this.#overload(expr, reference.fn.name, id, { target, args: nodes, costs })
      cost = union(cost, estimate.cost)
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size)
      if (first !== undefined && (id === 'index_list' || id === 'index_map')) {
        size = this.#entriesOf(first)?.value
        this.#paths.set(expr, [...this.#pathOf(first), id === 'index_list' ? '@items' : '@values'])
      }
      size ??= this.#sizeOf(expr)
    }
    if (size !== undefined) this.#computed.set(expr, size)
    return add(targetCost, cost)
  }

  #overload(expr: Call, fn: string, id: string, operands: Operands): CallEstimate {
    const { target, args, costs } = operands
    const sum = add(...costs)
    const own =
      extensionEstimate(id, target, args, this.#sizes) ?? kubernetesEstimate(fn, id, target, args, this.#sizes)
    if (own !== undefined) return { ...own, cost: add(own.cost, sum) }
    const [left = NOTHING, right = NOTHING, third = NOTHING] = costs
    if (id === 'logical_or' || id === 'logical_and') {
      return { cost: { min: left.min, max: add(left, right).max } }
    }
    if (id === 'conditional') {
      const [, yes, no] = expr.args
      if (yes !== undefined && no !== undefined) this.#setUnion(expr, yes, no)
      const size = union(args[1]?.size ?? UNKNOWN, args[2]?.size ?? UNKNOWN)
      return { cost: add(left, union(right, third)), size }
    }
    if (id === 'add_string' || id === 'add_bytes' || id === 'add_list') {
      const [a, b] = expr.args
      if (a !== undefined && b !== undefined) this.#setUnion(expr, a, b)
      const size = add(args[0]?.size ?? UNKNOWN, args[1]?.size ?? UNKNOWN)
      return { cost: add(id === 'add_list' ? fixed(1) : byFactor(size, TRAVERSAL), sum), size }
    }
    const estimate = standardEstimate(id, target, args)
    return { ...estimate, cost: add(estimate.cost, sum) }
  }

  #setUnion(expr: Expr, a: Expr, b: Expr): void {
    const [x, y] = [this.#entriesOf(a), this.#entriesOf(b)]
    if (x === undefined || y === undefined) return
    this.#entries.set(expr, { container: x.container, key: union(x.key, y.key), value: union(x.value, y.value) })
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#sizeOf(from)
    if (size !== undefined) this.#computed.set(to, size)
    const entries = this.#entriesOf(from)
    if (entries !== undefined) this.#entries.set(to, entries)
  }

  #list(expr: ListExpr): Range {
    let cost = NOTHING
    let item: Range = { min: expr.elements.length === 0 ? 0n : MAX, max: 0n }
    for (const element of expr.elements) {
      cost = add(cost, this.cost(element))
      item = union(item, this.#sizeOf(element) ?? UNKNOWN)
    }
    this.#entries.set(expr, { container: 'list', key: fixed(1), value: item })
    return add(cost, fixed(10))
  }

  #map(expr: MapExpr): Range {
    let cost = NOTHING
    const least = expr.entries.length === 0 ? 0n : MAX
    let key: Range = { min: least, max: 0n }
    let value: Range = { min: least, max: 0n }
    for (const entry of expr.entries) {
      cost = add(cost, this.cost(entry.key), this.cost(entry.value))
      key = union(key, this.#sizeOf(entry.key) ?? UNKNOWN)
      value = union(value, this.#sizeOf(entry.value) ?? UNKNOWN)
    }
    this.#entries.set(expr, { container: 'map', key, value })
    return add(cost, fixed(30))
  }

  #fold(expr: Comprehension): Range {
    const before = add(this.cost(expr.range), this.cost(expr.initial))
    this.#pushBinding(expr.accumulator, expr.initial)
    this.#pushVariables(expr)
    const loop = this.cost(expr.condition)
    const step = this.cost(expr.step)
    this.#pop(expr.variable)
    if (expr.variable2 !== undefined) this.#pop(expr.variable2)
    const after = this.cost(expr.result)
    this.#pop(expr.accumulator)
    const count = this.#sizeOf(expr.range) ?? UNKNOWN
    if (expr.initial.kind === 'literal') {
      const size = this.#sizeOf(expr.initial)
      if (size !== undefined) this.#computed.set(expr, size)
    } else if (expr.initial.kind === 'list' || expr.initial.kind === 'map') {
      this.#computed.set(expr, count)
      const entries = this.#entriesOf(expr.step)
      if (entries !== undefined) this.#entries.set(expr, entries)
    }
    return add(before, after, multiply(count, add(step, loop)))
  }

  #pushBinding(name: string, value: Expr): void {
    this.#push(name, { path: this.#pathOf(value), size: this.#sizeOf(value), entries: this.#entriesOf(value) })
  }

  #pushVariables({ range, variable, variable2 }: Comprehension): void {
    const entries = this.#entriesOf(range)
    const overList = (entries?.container ?? this.#typeOf(range).kind) === 'list'
    const path = this.#pathOf(range)
    const under = (step: string, size: Range | undefined): Local => ({
      path: [...path, step],
      size,
      entries: undefined,
    })
    const value = under(overList ? '@items' : '@values', entries?.value)
    const key = under(overList ? '@indices' : '@keys', entries?.key)
    if (variable2 === undefined) {
      this.#push(variable, overList ? value : key)
      return
    }
    this.#push(variable, key)
    this.#push(variable2, value)
  }

  #bind(expr: Comprehension): Range {
    const before = add(this.cost(expr.range), this.cost(expr.initial))
    this.#pushBinding(expr.accumulator, expr.initial)
    const after = this.cost(expr.result)
    this.#pop(expr.accumulator)
    this.#copySizes(expr, expr.result)
    return add(before, after)
  }
}

interface Operands {
  readonly target: EstimatedNode | undefined
  readonly args: readonly EstimatedNode[]
  readonly costs: readonly Range[]
}

/** A comprehension that only names a value: nothing to go over, another accumulator than the macros'. */
function isBind({ range, condition, accumulator }: Comprehension): boolean {
  return (
    range.kind === 'list' &&
    range.elements.length === 0 &&
    condition.kind === 'literal' &&
    condition.value === false &&
    accumulator !== ACCUMULATOR
  )
}

/** The size that an expression's own form gives. */
function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === 'list') return fixed(expr.elements.length)
  if (expr.kind === 'map') return fixed(expr.entries.length)
  if (expr.kind !== 'literal' || expr.value instanceof CelMap) return undefined
  if (typeof expr.value === 'string') return fixed(codePoints(expr.value))
  return fixed(expr.value instanceof Uint8Array ? expr.value.length : 1)
}

function isScalar(type: CelType): boolean {
  if (isOptional(type)) return isScalar(type.parameters[0] ?? DYN)
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind)
}

const COMPARISONS = /^(?:less|greater|less_equals|greater_equals)_(?:string|bytes)$|^(?:not_)?equals$/

/** Overloads of the specification. */
function standardEstimate(id: string, target: EstimatedNode | undefined, args: readonly EstimatedNode[]): CallEstimate {
  const first = args[0]?.size ?? UNKNOWN
  const second = args[1]?.size ?? UNKNOWN
  const targetSize = target?.size ?? UNKNOWN
  if (COMPARISONS.test(id)) {
    const max = first.max < second.max ? first.max : second.max
    return { cost: byFactor({ min: max > 0n ? 1n : 0n, max }, TRAVERSAL) }
  }
  switch (id) {
    case 'string_format':
      return target === undefined ? { cost: fixed(1) } : { cost: byFactor(targetSize, TRAVERSAL) }
    case 'string_to_bytes':
      return { cost: byFactor(first, TRAVERSAL), size: { min: first.min, max: BigInt.asUintN(64, first.max * 4n) } }
    case 'bytes_to_string':
      return { cost: byFactor(first, TRAVERSAL), size: { min: first.min / 4n, max: first.max } }
    case 'strings_quote':
      return {
        cost: byFactor(first, TRAVERSAL),
        size: { min: first.min + 2n, max: BigInt.asUintN(64, first.max * 2n + 2n) },
      }
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: byFactor(first, TRAVERSAL) }
    case 'in_list':
      return { cost: byFactor(second, 1) }
    case 'matches_string':
      return {
        cost: multiply(byFactor(add(targetSize, fixed(1)), TRAVERSAL), byFactor(first, REGEX_LENGTH)),
      }
    case 'contains_string':
      return { cost: multiply(byFactor(targetSize, TRAVERSAL), byFactor(first, TRAVERSAL)) }
    default:
      return { cost: fixed(1) }
  }
}
