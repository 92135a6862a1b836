import type { Call, Comprehension, Expr, ListExpr, MapExpr, Select, StructExpr } from '../syntax/ast.ts'
import type { Issue } from '../syntax/source.ts'
import type { CelValue } from '../values/values.ts'
import { typeOf } from '../values/values.ts'
import type { FunctionDecl, Overload } from '../library/functions.ts'
import type { TypeProvider } from './provider.ts'
import {
  BOOL,
  type CelType,
  DYN,
  ERROR,
  formatSignature,
  formatType,
  INT,
  isDyn,
  isDynOrError,
  isOptional,
  listType,
  mapType,
  optionalType,
  sameType,
  typeParam,
  unwrapOptional,
} from './types.ts'
import { allAssignable, assignable, type Mapping, mostGeneral, substitute } from './unify.ts'

/** What an expression may refer to. */
export interface Declarations {
  readonly variables: ReadonlyMap<string, CelType>
  readonly functions: ReadonlyMap<string, FunctionDecl>
  readonly types: TypeProvider
}

/** What a name or call was found to mean. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'type'; readonly type: CelType }
  | {
      readonly kind: 'function'
      readonly fn: FunctionDecl
      readonly overloads: readonly Overload[]
      /** The target was part of the function's name. */
      readonly qualified: boolean
    }

/** A checked expression: the type of each node and what names mean. */
export interface Checked {
  readonly expr: Expr
  readonly types: ReadonlyMap<Expr, CelType>
  readonly references: ReadonlyMap<Expr, Reference>
  readonly issues: readonly Issue[]
}

/** Checks a parsed expression against declarations, with the complaints of upstream's checker. */
export function check(expr: Expr, declarations: Declarations): Checked {
  const checker = new Checker(declarations)
  checker.check(expr)
  return checker.finish(expr)
}

/** `a.b.c` as a name, if it could be one. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test) return undefined
  const prefix = qualifiedName(expr.operand)
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`
}

class Checker {
  readonly #declarations: Declarations
  readonly #types = new Map<Expr, CelType>()
  readonly #references = new Map<Expr, Reference>()
  readonly #issues: Issue[] = []
  readonly #scopes: Map<string, CelType>[] = []
  #mapping: Mapping = new Map()
  #fresh = 0

  constructor(declarations: Declarations) {
    this.#declarations = declarations
  }

  finish(expr: Expr): Checked {
    for (const [node, type] of this.#types) this.#types.set(node, substitute(this.#mapping, type, true))
    return { expr, types: this.#types, references: this.#references, issues: this.#issues }
  }

  check(expr: Expr): void {
    switch (expr.kind) {
      case 'literal':
        this.#types.set(expr, literalType(expr.value))
        break
      case 'ident':
        this.#types.set(expr, this.#identifier(expr, expr.name))
        break
      case 'select':
        this.#types.set(expr, this.#select(expr))
        break
      case 'call':
        this.#types.set(expr, this.#call(expr))
        break
      case 'list':
        this.#types.set(expr, this.#list(expr))
        break
      case 'map':
        this.#types.set(expr, this.#map(expr))
        break
      case 'struct':
        this.#types.set(expr, this.#struct(expr))
        break
      case 'comprehension':
        this.#types.set(expr, this.#comprehension(expr))
        break
      case 'broken':
        this.#types.set(expr, ERROR)
    }
  }

  #typeOf(expr: Expr): CelType {
    return this.#types.get(expr) ?? ERROR
  }

  #resolved(expr: Expr): CelType {
    return substitute(this.#mapping, this.#typeOf(expr), false)
  }

  #report(offset: number, message: string): CelType {
    this.#issues.push({ offset, message })
    return ERROR
  }

  #mismatch(offset: number, expected: CelType, actual: CelType): CelType {
    return this.#report(offset, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`)
  }

  /** Whether the types unify; if so, what their variables stand for is kept. */
  #assignable(a: CelType, b: CelType): boolean {
    const mapping = new Map(this.#mapping)
    if (!assignable(mapping, a, b)) return false
    this.#mapping = mapping
    return true
  }

  #newVariable(): CelType {
    return typeParam(`_var${this.#fresh++}`)
  }

  #lookup(name: string): { type: CelType; reference: Reference } | undefined {
    const bare = name.startsWith('.') ? name.slice(1) : name
    const local = name === bare ? this.#scopes.findLast((scope) => scope.has(bare))?.get(bare) : undefined
    const type = local ?? this.#declarations.variables.get(bare)
    if (type !== undefined) return { type, reference: { kind: 'variable', name: bare } }
    const named = this.#declarations.types.typeNamed(bare)
    return named && { type: named, reference: { kind: 'type', type: named } }
  }

  #identifier(expr: Expr, name: string): CelType {
    const found = this.#lookup(name)
    if (found === undefined) return this.#undeclared(expr.offset, name)
    this.#references.set(expr, found.reference)
    return found.type
  }

  #undeclared(offset: number, name: string): CelType {
    return this.#report(offset, `undeclared reference to '${name}' (in container '')`)
  }

  #select(expr: Select): CelType {
    const name = qualifiedName(expr)
    const found = name === undefined ? undefined : this.#lookup(name)
    if (found !== undefined) {
      this.#references.set(expr, found.reference)
      return found.type
    }
    const field = this.#field(expr.offset, expr.operand, expr.field, false)
    return expr.test ? BOOL : substitute(this.#mapping, field, false)
  }

  /** The type of a field of what an expression gives. */
  #field(offset: number, operand: Expr, field: string, optional: boolean): CelType {
    this.check(operand)
    const operandType = this.#resolved(operand)
    const target = unwrapOptional(operandType)
    const result = this.#fieldOf(offset, target, field)
    return optional || isOptional(operandType) ? optionalType(result) : result
  }

  #fieldOf(offset: number, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return target.parameters[1] ?? DYN
      case 'struct': {
        const struct = this.#declarations.types.struct(target.name)
        if (struct === undefined) return this.#report(offset, `unexpected failed resolution of '${target.name}'`)
        return struct.field(field) ?? this.#report(offset, `undefined field '${field}'`)
      }
      case 'param':
        this.#assignable(DYN, target)
        return DYN
      default:
        if (!isDynOrError(target)) {
          this.#report(offset, `type '${formatType(target)}' does not support field selection`)
        }
        return DYN
    }
  }

  #call(expr: Call): CelType {
    if (expr.fn === '_?._') return this.#optionalSelect(expr)
    for (const arg of expr.args) this.check(arg)
    if (expr.target === undefined) {
      const bare = expr.fn.startsWith('.') ? expr.fn.slice(1) : expr.fn
      const fn = this.#declarations.functions.get(bare)
      return fn === undefined ? this.#undeclared(expr.offset, expr.fn) : this.#resolve(expr, fn, undefined)
    }
    const prefix = qualifiedName(expr.target)
    const qualified = prefix === undefined ? undefined : this.#declarations.functions.get(`${prefix}.${expr.fn}`)
    if (qualified !== undefined) return this.#resolve(expr, qualified, undefined)
    this.check(expr.target)
    const fn = this.#declarations.functions.get(expr.fn)
    return fn === undefined ? this.#undeclared(expr.offset, expr.fn) : this.#resolve(expr, fn, expr.target)
  }

  #optionalSelect(expr: Call): CelType {
    const [operand, field] = expr.args
    if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') return ERROR
    const type = this.#field(expr.offset, operand, field.value, true)
    const fn = this.#declarations.functions.get('_?._')
    if (fn !== undefined) {
      this.#references.set(expr, { kind: 'function', fn, overloads: fn.overloads, qualified: false })
    }
    return substitute(this.#mapping, type, false)
  }

  /** Finds the overloads that the arguments fit; the result's type is theirs, or dyn if they differ. */
  #resolve(call: Call, fn: FunctionDecl, target: Expr | undefined): CelType {
    const operands = target === undefined ? call.args : [target, ...call.args]
    const argTypes = operands.map((arg) => this.#typeOf(arg))
    if (fn.name === '_&&_' || fn.name === '_||_') return this.#logic(call, fn, argTypes)
    const fitting: Overload[] = []
    let result: CelType | undefined
    for (const overload of fn.overloads) {
      if (overload.member !== (target !== undefined)) continue
      const { args, result: declared } = this.#instantiate(overload)
      const mapping = new Map(this.#mapping)
      if (!allAssignable(mapping, argTypes, args)) continue
      this.#mapping = mapping
      fitting.push(overload)
      const type = substitute(mapping, declared, false)
      if (result === undefined) result = type
      else if (!isDyn(result) && !sameType(type, result)) result = DYN
    }
    if (result === undefined) {
      const actual = argTypes.map((type) => substitute(this.#mapping, type, true))
      const signature = formatSignature(actual, target !== undefined)
      return this.#report(call.offset, `found no matching overload for '${fn.name}' applied to '${signature}'`)
    }
    const qualified = call.target !== undefined && target === undefined
    this.#references.set(call, { kind: 'function', fn, overloads: fitting, qualified })
    return result
  }

  #logic(call: Call, fn: FunctionDecl, argTypes: readonly CelType[]): CelType {
    let result: CelType = BOOL
    for (const [i, type] of argTypes.entries()) {
      if (!this.#assignable(type, BOOL)) result = this.#mismatch(call.args[i]?.offset ?? -1, BOOL, type)
    }
    if (result !== ERROR) {
      this.#references.set(call, { kind: 'function', fn, overloads: fn.overloads, qualified: false })
    }
    return result
  }

  /** The overload's types with fresh variables. */
  #instantiate(overload: Overload): { args: readonly CelType[]; result: CelType } {
    const names = new Map<string, CelType>()
    const collect = (type: CelType): void => {
      if (type.kind === 'param' && !names.has(type.name)) names.set(type.name, this.#newVariable())
      type.parameters.forEach(collect)
    }
    for (const type of [overload.result, ...overload.args]) collect(type)
    if (names.size === 0) return overload
    return {
      args: overload.args.map((type) => substitute(names, type, false)),
      result: substitute(names, overload.result, false),
    }
  }

  /** The type of a `?` element: what is inside its optional. */
  #optionalElement(expr: Expr, type: CelType): CelType {
    if (isOptional(type)) return unwrapOptional(type)
    if (!isDyn(type)) this.#mismatch(expr.offset, optionalType(type), type)
    return type
  }

  /** The type of all elements so far; that they should be of one type is for the checks of literals to say. */
  #join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current
    return this.#assignable(previous, current) ? mostGeneral(previous, current) : DYN
  }

  #list(expr: ListExpr): CelType {
    let element: CelType | undefined
    for (const [i, item] of expr.elements.entries()) {
      this.check(item)
      const type = this.#typeOf(item)
      element = this.#join(element, expr.optional.has(i) ? this.#optionalElement(item, type) : type)
    }
    return listType(element ?? this.#newVariable())
  }

  #map(expr: MapExpr): CelType {
    let key: CelType | undefined
    let value: CelType | undefined
    for (const entry of expr.entries) {
      this.check(entry.key)
      key = this.#join(key, this.#typeOf(entry.key))
      this.check(entry.value)
      const type = this.#typeOf(entry.value)
      value = this.#join(value, entry.optional ? this.#optionalElement(entry.value, type) : type)
    }
    return mapType(key ?? this.#newVariable(), value ?? this.#newVariable())
  }

  #struct(expr: StructExpr): CelType {
    const found = this.#lookup(expr.typeName)
    if (found === undefined) return this.#undeclared(expr.offset, expr.typeName)
    const type = this.#structType(expr, found.type)
    for (const field of expr.fields) {
      this.check(field.value)
      const declared =
        type === ERROR
          ? this.#report(field.offset, `unexpected failed resolution of '${expr.typeName}'`)
          : this.#fieldOf(field.offset, type, field.name)
      const given = this.#typeOf(field.value)
      const value = field.optional ? this.#optionalElement(field.value, given) : given
      if (this.#assignable(declared, value)) continue
      const [want, got] = [formatType(declared), formatType(value)]
      this.#report(field.offset, `expected type of field '${field.name}' is '${want}' but provided type is '${got}'`)
    }
    return type
  }

  #structType(expr: StructExpr, found: CelType): CelType {
    if (found.kind !== 'type') return this.#report(expr.offset, `'${formatType(found)}' is not a type`)
    const type = found.parameters[0] ?? DYN
    if (type.kind === 'struct') return type
    return this.#report(expr.offset, `'${formatType(type)}' is not a message type`)
  }

  #comprehension(expr: Comprehension): CelType {
    this.check(expr.range)
    this.check(expr.initial)
    const range = this.#resolved(expr.range)
    const accumulator = this.#typeOf(expr.initial)
    this.#scopes.push(new Map([[expr.accumulator, accumulator]]))
    const [first, second] = this.#rangeTypes(expr, range)
    const variables = new Map([[expr.variable, first]])
    if (expr.variable2 !== undefined) variables.set(expr.variable2, second)
    this.#scopes.push(variables)
    this.check(expr.condition)
    this.#assert(expr.condition, BOOL)
    this.check(expr.step)
    this.#assert(expr.step, accumulator)
    this.#scopes.pop()
    this.check(expr.result)
    this.#scopes.pop()
    return this.#resolved(expr.result)
  }

  /** The types of the one or two variables that go over the range. */
  #rangeTypes(expr: Comprehension, range: CelType): [CelType, CelType] {
    const two = expr.variable2 !== undefined
    const [first = DYN, second = DYN] = range.parameters
    switch (range.kind) {
      case 'list':
        return two ? [INT, first] : [first, first]
      case 'map':
        return [first, second]
      case 'dyn':
      case 'error':
      case 'param':
        this.#assignable(DYN, range)
        return [DYN, DYN]
      default: {
        const name = formatType(range)
        const must = '(must be list, map, or dynamic)'
        this.#report(expr.range.offset, `expression of type '${name}' cannot be range of a comprehension ${must}`)
        return [ERROR, ERROR]
      }
    }
  }

  #assert(expr: Expr, type: CelType): void {
    if (!this.#assignable(type, this.#typeOf(expr))) this.#mismatch(expr.offset, type, this.#typeOf(expr))
  }
}

function literalType(value: CelValue): CelType {
  return typeOf(value)
}
