import type { CelValue } from '../values/values.ts'
import type { Expr, Literal } from './ast.ts'

/** The variable that a comprehension accumulates in. */
export const ACCUMULATOR = '__result__'
const UNUSED = '#unused'

/** A macro's argument that does not fit. */
export class MacroError extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Makes nodes at one offset. */
export interface Factory {
  readonly offset: number
  literal(value: CelValue): Literal
  ident(name: string): Expr
  select(operand: Expr, field: string, test?: boolean): Expr
  call(fn: string, ...args: Expr[]): Expr
  memberCall(fn: string, target: Expr, args: readonly Expr[]): Expr
  list(...elements: Expr[]): Expr
  emptyMap(): Expr
  fold(fold: Fold): Expr
}

interface Fold {
  readonly range: Expr
  readonly variable: string
  readonly variable2?: string | undefined
  readonly accumulator?: string
  readonly initial: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

/** A factory of nodes at the offset. */
export function factory(offset: number): Factory {
  return {
    offset,
    literal: (value) => ({ kind: 'literal', offset, value }),
    ident: (name) => ({ kind: 'ident', offset, name }),
    select: (operand, field, test = false) => ({ kind: 'select', offset, operand, field, test }),
    call: (fn, ...args) => ({ kind: 'call', offset, fn, target: undefined, args }),
    memberCall: (fn, target, args) => ({ kind: 'call', offset, fn, target, args }),
    list: (...elements) => ({ kind: 'list', offset, elements, optional: new Set() }),
    emptyMap: () => ({ kind: 'map', offset, entries: [] }),
    fold: ({ accumulator = ACCUMULATOR, variable2, ...fold }) => ({
      kind: 'comprehension',
      offset,
      accumulator,
      variable2,
      ...fold,
    }),
  }
}

/** `a && b && c && d` as a tree of even depth, the order of its terms kept. */
export function balanced(fn: string, terms: readonly Expr[], offsets: readonly number[]): Expr {
  const broken: Expr = { kind: 'broken', offset: -1 }
  const term = (i: number): Expr => terms[i] ?? broken
  const tree = (low: number, high: number): Expr => {
    const middle = Math.floor((low + high + 1) / 2)
    const left = middle === low ? term(middle) : tree(low, middle - 1)
    const right = middle === high ? term(middle + 1) : tree(middle + 1, high)
    return factory(offsets[middle] ?? -1).call(fn, left, right)
  }
  return offsets.length === 0 ? term(0) : tree(0, offsets.length - 1)
}

type Macro = (make: Factory, target: Expr, args: readonly Expr[]) => Expr

/** The macros, by name and number of arguments. */
const MACROS: Readonly<Record<string, Macro>> = {
  'all/2': (make, target, [name, test]) => all(make, target, { variable: simpleName(name) }, must(test)),
  'exists/2': (make, target, [name, test]) => exists(make, target, { variable: simpleName(name) }, must(test)),
  'exists_one/2': (make, target, [name, test]) => existsOne(make, target, { variable: simpleName(name) }, must(test)),
  'map/2': (make, target, [name, item]) => map(make, target, identifier(name), undefined, must(item)),
  'map/3': (make, target, [name, filter, item]) => map(make, target, identifier(name), filter, must(item)),
  'filter/2': (make, target, [name, test]) => map(make, target, identifier(name), must(test), must(name)),
  'sortBy/2': (make, target, [name, key]) => sortBy(make, target, identifier(name), must(key)),
  'optMap/2': (make, target, [name, item]) =>
    optional(make, target, bound(name, 'optMap'), (value) => make.call('optional.of', value), must(item)),
  'optFlatMap/2': (make, target, [name, item]) =>
    optional(make, target, bound(name, 'optFlatMap'), (value) => value, must(item)),
  'all/3': (make, target, [key, value, test]) => all(make, target, pair(key, value), must(test)),
  'exists/3': (make, target, [key, value, test]) => exists(make, target, pair(key, value), must(test)),
  'existsOne/3': (make, target, [key, value, test]) => existsOne(make, target, pair(key, value), must(test)),
  'exists_one/3': (make, target, [key, value, test]) => existsOne(make, target, pair(key, value), must(test)),
  'transformList/3': (make, target, [key, value, item]) => transformList(make, target, pair(key, value), [item]),
  'transformList/4': (make, target, [key, value, ...rest]) => transformList(make, target, pair(key, value), rest),
  'transformMap/3': (make, target, [key, value, item]) => transformMap(make, target, pair(key, value), [item]),
  'transformMap/4': (make, target, [key, value, ...rest]) => transformMap(make, target, pair(key, value), rest),
  'transformMapEntry/3': (make, target, [key, value, item]) => transformEntry(make, target, pair(key, value), [item]),
  'transformMapEntry/4': (make, target, [key, value, ...rest]) => transformEntry(make, target, pair(key, value), rest),
}

/** What a call of a macro becomes; undefined: it is a call like any other. Throws MacroError. */
export function expandMacro(
  make: Factory,
  fn: string,
  target: Expr | undefined,
  args: readonly Expr[],
): Expr | undefined {
  if (target !== undefined) {
    const name = `${fn}/${args.length}`
    return Object.hasOwn(MACROS, name) ? MACROS[name]?.(make, target, args) : undefined
  }
  const [only] = args
  if (fn !== 'has' || args.length !== 1 || only === undefined) return undefined
  if (only.kind !== 'select' || only.test) throw new MacroError(only.offset, 'invalid argument to has() macro')
  return make.select(only.operand, only.field, true)
}

interface Variables {
  readonly variable: string
  readonly variable2?: string
}

function must(expr: Expr | undefined): Expr {
  return expr ?? { kind: 'broken', offset: -1 }
}

function nameOf(expr: Expr | undefined, complaint: string): string {
  if (expr?.kind !== 'ident') throw new MacroError(expr?.offset ?? -1, complaint)
  return expr.name
}

function variableOf(expr: Expr | undefined, complaint: string): string {
  const name = nameOf(expr, complaint)
  if (name === ACCUMULATOR) {
    throw new MacroError(expr?.offset ?? -1, 'iteration variable overwrites accumulator variable')
  }
  return name
}

const simpleName = (expr: Expr | undefined): string => variableOf(expr, 'argument must be a simple name')
const identifier = (expr: Expr | undefined): string => variableOf(expr, 'argument is not an identifier')
const bound = (expr: Expr | undefined, macro: string): string =>
  nameOf(expr, `${macro}() variable name must be a simple identifier`)

function pair(key: Expr | undefined, value: Expr | undefined): Variables {
  const variable = nameOf(key, 'argument must be a simple name')
  const variable2 = nameOf(value, 'argument must be a simple name')
  if (variable === variable2) throw new MacroError(value?.offset ?? -1, `duplicate variable name: ${variable}`)
  return { variable: simpleName(key), variable2: simpleName(value) }
}

function all(make: Factory, range: Expr, variables: Variables, test: Expr): Expr {
  const so = (): Expr => make.ident(ACCUMULATOR)
  return make.fold({
    range,
    ...variables,
    initial: make.literal(true),
    condition: make.call('@not_strictly_false', so()),
    step: make.call('_&&_', so(), test),
    result: so(),
  })
}

function exists(make: Factory, range: Expr, variables: Variables, test: Expr): Expr {
  const so = (): Expr => make.ident(ACCUMULATOR)
  return make.fold({
    range,
    ...variables,
    initial: make.literal(false),
    condition: make.call('@not_strictly_false', make.call('!_', so())),
    step: make.call('_||_', so(), test),
    result: so(),
  })
}

function existsOne(make: Factory, range: Expr, variables: Variables, test: Expr): Expr {
  const so = (): Expr => make.ident(ACCUMULATOR)
  return make.fold({
    range,
    ...variables,
    initial: make.literal(0),
    condition: make.literal(true),
    step: make.call('_?_:_', test, make.call('_+_', so(), make.literal(1)), so()),
    result: make.call('_==_', so(), make.literal(1)),
  })
}

/** Collects in `initial` what `step` adds, of the elements that pass the filter. */
function collect(
  make: Factory,
  range: Expr,
  variables: Variables,
  parts: { initial: Expr; step: Expr; filter: Expr | undefined },
): Expr {
  const { initial, step, filter } = parts
  return make.fold({
    range,
    ...variables,
    initial,
    condition: make.literal(true),
    step: filter === undefined ? step : make.call('_?_:_', filter, step, make.ident(ACCUMULATOR)),
    result: make.ident(ACCUMULATOR),
  })
}

function map(make: Factory, range: Expr, variable: string, filter: Expr | undefined, item: Expr): Expr {
  const step = make.call('_+_', make.ident(ACCUMULATOR), make.list(item))
  return collect(make, range, { variable }, { initial: make.list(), step, filter })
}

/** The last argument is what is made, the one before it, if any, the filter. */
function filtered(rest: readonly (Expr | undefined)[]): { filter: Expr | undefined; item: Expr } {
  const [first, second] = rest
  return second === undefined ? { filter: undefined, item: must(first) } : { filter: first, item: second }
}

function transformList(make: Factory, range: Expr, names: Variables, rest: readonly (Expr | undefined)[]): Expr {
  const { filter, item } = filtered(rest)
  const step = make.call('_+_', make.ident(ACCUMULATOR), make.list(item))
  return collect(make, range, names, { initial: make.list(), step, filter })
}

function transformMap(make: Factory, range: Expr, names: Variables, rest: readonly (Expr | undefined)[]): Expr {
  const { filter, item } = filtered(rest)
  const step = make.call('cel.@mapInsert', make.ident(ACCUMULATOR), make.ident(names.variable), item)
  return collect(make, range, names, { initial: make.emptyMap(), step, filter })
}

function transformEntry(make: Factory, range: Expr, names: Variables, rest: readonly (Expr | undefined)[]): Expr {
  const { filter, item } = filtered(rest)
  const step = make.call('cel.@mapInsert', make.ident(ACCUMULATOR), item)
  return collect(make, range, names, { initial: make.emptyMap(), step, filter })
}

/** `target.hasValue() ? wrap(item, with name = target.value()) : optional.none()` */
function optional(make: Factory, target: Expr, name: string, wrap: (value: Expr) => Expr, item: Expr): Expr {
  const inner = make.fold({
    range: make.list(),
    variable: UNUSED,
    accumulator: name,
    initial: make.memberCall('value', relocated(target, make.offset), []),
    condition: make.literal(false),
    step: make.ident(name),
    result: item,
  })
  return make.call('_?_:_', make.memberCall('hasValue', target, []), wrap(inner), make.call('optional.none'))
}

const SORT_INPUT = '@__sortBy_input__'

/** Names the list, and sorts it by what the expression makes of its elements. */
function sortBy(make: Factory, target: Expr, variable: string, key: Expr): Expr {
  if (!['list', 'select', 'ident', 'comprehension', 'call'].includes(target.kind)) {
    const where = 'a list, identifier, comprehension, call or select expression'
    throw new MacroError(target.offset, `sortBy can only be applied to ${where}`)
  }
  const keys = map(make, make.ident(SORT_INPUT), variable, undefined, key)
  return make.fold({
    range: make.list(),
    variable: UNUSED,
    accumulator: SORT_INPUT,
    initial: target,
    condition: make.literal(false),
    step: make.ident(SORT_INPUT),
    result: make.memberCall('@sortByAssociatedKeys', make.ident(SORT_INPUT), [keys]),
  })
}

/** A copy whose nodes all stand at the offset: what is said about them points at the macro. */
function relocated(expr: Expr, offset: number): Expr {
  const move = (inner: Expr): Expr => relocated(inner, offset)
  switch (expr.kind) {
    case 'select':
      return { ...expr, offset, operand: move(expr.operand) }
    case 'call':
      return { ...expr, offset, target: expr.target && move(expr.target), args: expr.args.map(move) }
    case 'list':
      return { ...expr, offset, elements: expr.elements.map(move) }
    case 'map':
      return { ...expr, offset, entries: expr.entries.map((e) => ({ ...e, key: move(e.key), value: move(e.value) })) }
    case 'struct':
      return { ...expr, offset, fields: expr.fields.map((field) => ({ ...field, value: move(field.value) })) }
    case 'comprehension':
      return {
        ...expr,
        offset,
        range: move(expr.range),
        initial: move(expr.initial),
        condition: move(expr.condition),
        step: move(expr.step),
        result: move(expr.result),
      }
    case 'literal':
    case 'ident':
    case 'broken':
      return { ...expr, offset }
  }
}
