import { codePoints } from '../values/text.ts'
import type { CelValue } from '../values/values.ts'
import { Double, Uint } from '../values/values.ts'
import type { Expr, MapEntry, StructField } from './ast.ts'
import { type Token, type TokenKind, tokenize } from './lexer.ts'
import { balanced, expandMacro, type Factory, factory, MacroError } from './macros.ts'
import type { Issue } from './source.ts'
import { UnescapeError, unescapeBytes, unescapeString } from './unescape.ts'

/** Words that no variable may be called. */
const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
)
const MAX_SIZE = 100_000
const MAX_DEPTH = 250
const MAX_INT64 = 2n ** 63n
const MAX_UINT64 = 2n ** 64n - 1n

const RELATIONS = ['<', '<=', '>=', '>', '==', '!=', 'in']
const SUMS = ['+', '-']
const PRODUCTS = ['*', '/', '%']
const OPERATOR_NAMES: Readonly<Record<string, string>> = { in: '@in' }

const OPERAND =
  "'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER"
const OPTIONAL_OPERAND = OPERAND.replace("'!', ", "'!', '?', ")
const ARGUMENT = OPERAND.replace("'(', ", "'(', ')', ")
const ELEMENT = OPTIONAL_OPERAND.replace("'[', ", "'[', ']', ").replace("'.', ", "'.', ',', ")
const ENTRY = OPTIONAL_OPERAND.replace("'{', ", "'{', '}', ").replace("'.', ", "'.', ',', ")
const FIELD = "'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER"
const STARTS = new Set<TokenKind>([
  '[',
  '{',
  '(',
  '.',
  '-',
  '!',
  'true',
  'false',
  'null',
  'float',
  'int',
  'uint',
  'string',
  'bytes',
  'ident',
])

/** Ends the parse: the rest makes no sense. */
class Stop extends Error {}

/** Parses a source text. With any issue, the expression is not to be used. */
export function parse(source: string): { expr: Expr; issues: Issue[] } {
  const issues: Issue[] = []
  const size = source.length > MAX_SIZE ? codePoints(source) : source.length
  if (size > MAX_SIZE) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${MAX_SIZE}`
    return { expr: { kind: 'broken', offset: -1 }, issues: [{ offset: -1, message }] }
  }
  const parser = new Parser(tokenize(source, issues), issues)
  return { expr: parser.parse(), issues }
}

/** A recursive descent over the grammar of the CEL specification; complaints in the words of upstream's generated one. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #issues: Issue[]
  #at = 0
  #depth = 0
  #open = 0

  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.#tokens = tokens
    this.#issues = issues
  }

  parse(): Expr {
    try {
      const expr = this.#expression(OPERAND)
      if (this.#token.kind !== '') this.#unexpected('<EOF>', () => this.#next.kind === '')
      return expr
    } catch (error) {
      if (!(error instanceof Stop)) throw error
      return { kind: 'broken', offset: 0 }
    }
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: '', text: '<EOF>', offset: -1 }
  }

  get #next(): Token {
    return this.#tokens[this.#at + 1] ?? this.#token
  }

  #take(): Token {
    const token = this.#token
    if (token.kind !== '') this.#at++
    return token
  }

  #accept(kind: TokenKind): Token | undefined {
    return this.#token.kind === kind ? this.#take() : undefined
  }

  #report(offset: number, message: string): Expr {
    this.#issues.push({ offset, message })
    return { kind: 'broken', offset }
  }

  #syntax(message: string): void {
    this.#report(this.#token.offset, `Syntax error: ${message}`)
  }

  /** A token too many, skipped if what follows goes on well; else the end of the parse. */
  #unexpected(expected: string, goesOn: () => boolean): void {
    const text = this.#token.text
    if (this.#token.kind !== '' && goesOn()) {
      this.#syntax(`extraneous input '${text}' expecting ${expected}`)
      this.#take()
      return
    }
    this.#syntax(`mismatched input '${text}' expecting ${expected}`)
    throw new Stop()
  }

  /** Takes the one token that must come, forgiving one too many or one missing. */
  #expect(kind: TokenKind): Token {
    const token = this.#accept(kind)
    if (token !== undefined) return token
    if (this.#next.kind === kind && this.#token.kind !== '') {
      this.#unexpected(`'${kind}'`, () => true)
      return this.#take()
    }
    if (this.#canFollow(kind)) {
      this.#syntax(`missing '${kind}' at '${this.#token.text}'`)
      return { kind, text: kind, offset: this.#token.offset }
    }
    this.#syntax(`mismatched input '${this.#token.text}' expecting '${kind}'`)
    throw new Stop()
  }

  #canFollow(kind: TokenKind): boolean {
    const now = this.#token.kind
    if (kind === ':') return STARTS.has(now)
    if (now === '') return this.#open === 1
    return ['.', '[', ...RELATIONS, ...SUMS, ...PRODUCTS, '&&', '||'].includes(now)
  }

  #deeper<T>(inner: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#tooDeep()
    const result = inner()
    this.#depth--
    return result
  }

  #tooDeep(): never {
    this.#report(-1, `expression recursion limit exceeded: ${MAX_DEPTH}`)
    throw new Stop()
  }

  #expression(expected: string): Expr {
    return this.#deeper(() => {
      const condition = this.#or(expected)
      const op = this.#accept('?')
      if (op === undefined) return condition
      const yes = this.#or(OPERAND)
      this.#expect(':')
      const no = this.#expression(OPERAND)
      return factory(op.offset).call('_?_:_', condition, yes, no)
    })
  }

  #or(expected: string): Expr {
    return this.#logic(
      '||',
      '_||_',
      () => this.#and(expected),
      () => this.#and(OPERAND),
    )
  }

  #and(expected: string): Expr {
    return this.#logic(
      '&&',
      '_&&_',
      () => this.#relation(expected),
      () => this.#relation(OPERAND),
    )
  }

  #logic(operator: string, name: string, first: () => Expr, rest: () => Expr): Expr {
    const terms = [first()]
    const offsets: number[] = []
    for (let op = this.#accept(operator); op !== undefined; op = this.#accept(operator)) {
      offsets.push(op.offset)
      terms.push(rest())
    }
    return balanced(name, terms, offsets)
  }

  #relation(expected: string): Expr {
    return this.#binary(
      RELATIONS,
      () => this.#sum(expected),
      () => this.#sum(OPERAND),
    )
  }

  #sum(expected: string): Expr {
    return this.#binary(
      SUMS,
      () => this.#product(expected),
      () => this.#product(OPERAND),
    )
  }

  #product(expected: string): Expr {
    return this.#binary(
      PRODUCTS,
      () => this.#unary(expected),
      () => this.#unary(OPERAND),
    )
  }

  #binary(operators: readonly string[], first: () => Expr, rest: () => Expr): Expr {
    let left = first()
    for (let count = 1; operators.includes(this.#token.kind); count++) {
      if (count >= MAX_DEPTH) this.#tooDeep()
      const op = this.#take()
      const name = OPERATOR_NAMES[op.kind] ?? `_${op.kind}_`
      left = factory(op.offset).call(name, left, rest())
    }
    return left
  }

  #unary(expected: string): Expr {
    const first = this.#token
    if (first.kind === '!') return this.#prefixed('!', '!_')
    const number = isNumber(this.#next)
    if (first.kind === '-' && !number) return this.#prefixed('-', '-_')
    return this.#member(expected)
  }

  #prefixed(sign: string, name: string): Expr {
    const first = this.#token
    let count = 0
    while (this.#token.kind === sign) {
      this.#take()
      count++
    }
    const operand = this.#member(OPERAND)
    return count % 2 === 0 ? operand : factory(first.offset).call(name, operand)
  }

  #member(expected: string): Expr {
    let expr = this.#primary(expected)
    for (let count = 1; ; count++) {
      if (count >= MAX_DEPTH) this.#tooDeep()
      const op = this.#token
      if (op.kind === '.') expr = this.#selection(expr)
      else if (op.kind === '[') expr = this.#index(expr)
      else return expr
    }
  }

  #selection(operand: Expr): Expr {
    const dot = this.#take()
    const optional = this.#accept('?') !== undefined
    const id = this.#fieldName(dot)
    const make = factory(dot.offset)
    if (optional) {
      return make.call('_?._', operand, factory(id.offset).literal(id.text))
    }
    if (id.kind !== 'ident' || this.#token.kind !== '(') return make.select(operand, id.text)
    const open = this.#token
    return this.#callOrMacro(open.offset, id.text, operand, this.#arguments())
  }

  #fieldName(dot: Token): Token {
    const token = this.#token
    if (token.kind === 'ident') return this.#take()
    if (token.kind === 'quoted') {
      this.#report(token.offset, "unsupported syntax: '`'")
      return this.#take()
    }
    if (['true', 'false', 'null'].includes(token.kind)) {
      this.#syntax(`mismatched input '${token.text}' expecting IDENTIFIER`)
    } else {
      this.#syntax(`no viable alternative at input '${dot.text}${token.kind === '' ? '' : token.text}'`)
    }
    throw new Stop()
  }

  #index(operand: Expr): Expr {
    const open = this.#take()
    this.#open++
    const optional = this.#accept('?') !== undefined
    const index = this.#expression(optional ? OPERAND : OPTIONAL_OPERAND)
    this.#expect(']')
    this.#open--
    return factory(open.offset).call(optional ? '_[?_]' : '_[_]', operand, index)
  }

  #arguments(): Expr[] {
    this.#take()
    this.#open++
    const args: Expr[] = []
    if (this.#token.kind !== ')') {
      args.push(this.#expression(ARGUMENT))
      while (this.#accept(',') !== undefined) args.push(this.#expression(OPERAND))
    }
    this.#expect(')')
    this.#open--
    return args
  }

  #callOrMacro(offset: number, fn: string, target: Expr | undefined, args: readonly Expr[]): Expr {
    const make: Factory = factory(offset)
    try {
      const expanded = expandMacro(make, fn, target, args)
      if (expanded !== undefined) return expanded
    } catch (error) {
      if (!(error instanceof MacroError)) throw error
      return this.#report(error.offset, error.message)
    }
    return target === undefined ? make.call(fn, ...args) : make.memberCall(fn, target, args)
  }

  #primary(expected: string): Expr {
    while (!STARTS.has(this.#token.kind) || (this.#token.kind === '-' && this.#next.kind === '')) {
      this.#unexpected(`{${expected}}`, () => STARTS.has(this.#next.kind))
    }
    const token = this.#token
    switch (token.kind) {
      case 'ident':
      case '.':
        return this.#name()
      case '(':
        return this.#nested()
      case '[':
        return this.#list()
      case '{':
        return this.#map()
      default:
        return this.#literal()
    }
  }

  #nested(): Expr {
    this.#take()
    this.#open++
    const expr = this.#expression(OPERAND)
    this.#expect(')')
    this.#open--
    return expr
  }

  /** A variable, a call, or with braces after it a message. */
  #name(): Expr {
    const start = this.#token
    const dot = this.#accept('.')
    const id = dot === undefined ? this.#take() : this.#fieldName(dot)
    const prefix = dot === undefined ? '' : '.'
    const message = this.#messageName(prefix + id.text)
    if (message !== undefined) return this.#message(message)
    if (RESERVED.has(id.text)) {
      if (this.#token.kind === '(') this.#arguments()
      return this.#report(start.offset, `reserved identifier: ${id.text}`)
    }
    const name = prefix + id.text
    if (this.#token.kind !== '(') return factory(id.offset).ident(name)
    const open = this.#token
    return this.#callOrMacro(open.offset, name, undefined, this.#arguments())
  }

  /** The name before braces, its tokens taken; undefined if no braces come. */
  #messageName(first: string): string | undefined {
    let at = this.#at
    let name = first
    while (this.#tokens[at]?.kind === '.' && this.#tokens[at + 1]?.kind === 'ident') {
      name += `.${this.#tokens[at + 1]?.text ?? ''}`
      at += 2
    }
    if (this.#tokens[at]?.kind !== '{') return undefined
    this.#at = at
    return name
  }

  #message(typeName: string): Expr {
    const open = this.#take()
    const fields = this.#entries(FIELD, (first) => this.#field(first))
    return { kind: 'struct', offset: open.offset, typeName, fields }
  }

  #field(expected: string): StructField {
    const optional = this.#accept('?') !== undefined
    const id = this.#accept('ident') ?? this.#accept('quoted')
    if (id === undefined) {
      this.#unexpected(`{${expected}}`, () => this.#next.kind === 'ident')
      return this.#field(expected)
    }
    if (id.kind === 'quoted') this.#report(id.offset, "unsupported syntax: '`'")
    const colon = this.#expect(':')
    return { offset: colon.offset, name: id.text, value: this.#expression(OPERAND), optional }
  }

  #map(): Expr {
    const open = this.#take()
    return { kind: 'map', offset: open.offset, entries: this.#entries(ENTRY, (first) => this.#entry(first)) }
  }

  #entry(expected: string): MapEntry {
    const optional = this.#accept('?') !== undefined
    const key = this.#expression(optional ? OPERAND : expected)
    const colon = this.#expect(':')
    return { offset: colon.offset, key, value: this.#expression(OPERAND), optional }
  }

  #list(): Expr {
    const open = this.#take()
    const optional = new Set<number>()
    let index = 0
    const element = (expected: string): Expr => {
      if (this.#accept('?') !== undefined) optional.add(index)
      index++
      return this.#expression(expected)
    }
    return { kind: 'list', offset: open.offset, elements: this.#entries(ELEMENT, element, ']'), optional }
  }

  /** What stands between braces or brackets, a comma allowed at the end. */
  #entries<T>(expected: string, read: (expected: string) => T, close: '}' | ']' = '}'): T[] {
    this.#open++
    const entries: T[] = []
    while (this.#token.kind !== close) {
      if (entries.length === 0 && this.#token.kind === ',' && this.#next.kind === close) {
        this.#take()
        break
      }
      entries.push(read(entries.length === 0 ? expected : OPTIONAL_OPERAND))
      if (this.#accept(',') === undefined) break
    }
    if (this.#token.kind !== close) this.#unexpected(`{'${close}', ','}`, () => this.#next.kind === close)
    this.#take()
    this.#open--
    return entries
  }

  #literal(): Expr {
    const start = this.#token
    const sign = this.#accept('-') === undefined ? '' : '-'
    const token = this.#take()
    const make = factory(start.offset)
    try {
      const value = literalValue(token, sign)
      if (value !== undefined) return make.literal(value)
      return this.#report(start.offset, `invalid ${token.kind === 'float' ? 'double' : token.kind} literal`)
    } catch (error) {
      if (!(error instanceof UnescapeError)) throw error
      return this.#report(start.offset, error.message)
    }
  }
}

const isNumber = (token: Token): boolean => token.kind === 'int' || token.kind === 'float'

/** The value a token stands for, undefined if the number is out of range. */
function literalValue(token: Token, sign: string): CelValue | undefined {
  const text = token.text
  switch (token.kind) {
    case 'int': {
      const value = sign === '-' ? -BigInt(text) : BigInt(text)
      if (value >= MAX_INT64 || value < -MAX_INT64) return undefined
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    }
    case 'uint': {
      const value = BigInt(text.slice(0, -1))
      return value > MAX_UINT64 ? undefined : new Uint(value)
    }
    case 'float': {
      const value = Number(sign + text)
      return Number.isFinite(value) ? new Double(value) : undefined
    }
    case 'string':
      return unescapeString(text)
    case 'bytes':
      return unescapeBytes(text.slice(1))
    case 'true':
      return true
    case 'false':
      return false
    default:
      return null
  }
}
