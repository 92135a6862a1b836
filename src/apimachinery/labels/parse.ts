/**
 * The grammar of a label selector's text (upstream labels.Parse):
 *
 *     selector    = [ requirement { "," requirement } ]
 *     requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) VALUE | KEY ( "in" | "notin" ) "(" values ")"
 *     values      = [ VALUE ] { "," [ VALUE ] }
 */
import { goQuote } from '../../lib/quote.ts'
import { ParseError } from '../parse-error.ts'
import { isQualifiedName } from '../validation/names.ts'
import { labelRequirement, labelSet } from './selector.ts'
import type { LabelOperator, LabelRequirement, LabelSet } from './selector.ts'

type TokenKind = 'end' | 'error' | 'identifier' | 'in' | 'notin' | '=' | '==' | '!=' | '<' | '>' | '(' | ')' | ',' | '!'

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const SYMBOLS = new Set<string>(['=', '==', '!=', '<', '>', '(', ')', ',', '!'])
const SPECIAL = /[=!(),<>]/
const OPERATORS: Readonly<Partial<Record<TokenKind, LabelOperator>>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}

/** Parses a selector such as `app=web,tier in (front, back),!canary`. Throws ParseError in upstream's words. */
export function parseLabelSelector(text: string): LabelSet {
  const cursor = new Cursor(tokens(text))
  const requirements: LabelRequirement[] = []
  if (cursor.peek().kind === 'end') return labelSet(requirements)
  for (;;) {
    const first = cursor.peek()
    if (!startsRequirement(first)) throw unexpected(first, "!, identifier, or 'end of string'")
    requirements.push(requirement(cursor))
    const separator = cursor.next()
    if (separator.kind === 'end') return labelSet(requirements)
    if (separator.kind !== ',') throw unexpected(separator, "',' or 'end of string'")
    const following = cursor.peek()
    if (!startsRequirement(following)) throw unexpected(following, "identifier after ','")
  }
}

const startsRequirement = ({ kind }: Token): boolean => kind === 'identifier' || kind === '!'

const unexpected = (token: Token, expected: string): ParseError =>
  new ParseError(`found '${token.text}', expected: ${expected}`)

/** Walks the tokens. `in` and `notin` are identifiers unless an operator is asked for. */
class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(all: readonly Token[]) {
    this.#tokens = all
  }

  peek(): Token {
    return asIdentifier(this.#current())
  }

  next(): Token {
    return asIdentifier(this.nextOperator())
  }

  nextOperator(): Token {
    const token = this.#current()
    this.#at++
    return token
  }

  #current(): Token {
    return this.#tokens[this.#at] ?? END
  }
}

const END: Token = { kind: 'end', text: '' }

const asIdentifier = (token: Token): Token =>
  token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token

function requirement(cursor: Cursor): LabelRequirement {
  try {
    const { key, operator } = keyAndOperator(cursor)
    if (operator === 'exists' || operator === '!') return labelRequirement(key, operator, [])
    const binary = binaryOperator(cursor)
    const values = binary === 'in' || binary === 'notin' ? valueList(cursor) : [exactValue(cursor)]
    return labelRequirement(key, binary, values)
  } catch (error) {
    throw error instanceof ParseError ? new ParseError(`unable to parse requirement: ${error.message}`) : error
  }
}

/** The key, and `exists` or `!` when no binary operator follows it. */
function keyAndOperator(cursor: Cursor): { key: string; operator: LabelOperator | undefined } {
  const first = cursor.next()
  const negated = first.kind === '!'
  const token = negated ? cursor.next() : first
  if (token.kind !== 'identifier') throw unexpected(token, 'identifier')
  const problems = isQualifiedName(token.text)
  if (problems.length > 0) throw new ParseError(`<nil>: Invalid value: ${goQuote(token.text)}: ${problems.join('; ')}`)
  const following = cursor.peek().kind
  const alone = following === 'end' || following === ','
  return { key: token.text, operator: negated ? '!' : alone ? 'exists' : undefined }
}

function binaryOperator(cursor: Cursor): LabelOperator {
  const token = cursor.nextOperator()
  const operator = OPERATORS[token.kind]
  if (!operator) throw unexpected(token, 'in, notin, =, ==, !=, gt, lt')
  return operator
}

function exactValue(cursor: Cursor): string {
  const { kind } = cursor.peek()
  if (kind === 'end' || kind === ',') return ''
  const token = cursor.next()
  if (token.kind !== 'identifier') throw unexpected(token, 'identifier')
  return token.text
}

/** `(a, b)`: sorted, each once. A missing value, as in `(a,)` or `()`, is the empty one. */
function valueList(cursor: Cursor): string[] {
  const open = cursor.next()
  if (open.kind !== '(') throw new ParseError(`found '${open.text}' expected: '('`)
  const first = cursor.peek()
  if (first.kind === ')') {
    cursor.next()
    return ['']
  }
  if (first.kind !== 'identifier' && first.kind !== ',') throw unexpected(first, "',', ')' or identifier")
  const values = identifierList(cursor)
  cursor.next()
  return [...values].sort()
}

function identifierList(cursor: Cursor): Set<string> {
  const values = new Set<string>()
  for (;;) {
    const token = cursor.next()
    if (token.kind === 'identifier') {
      values.add(token.text)
      const { kind } = cursor.peek()
      if (kind === ')') return values
      if (kind !== ',') throw unexpected(cursor.peek(), "',' or ')'")
    } else if (token.kind === ',') {
      if (values.size === 0) values.add('')
      const { kind } = cursor.peek()
      if (kind === ')' || kind === ',') values.add('')
      if (kind === ')') return values
    } else throw unexpected(token, "',', or identifier")
  }
}

function tokens(text: string): Token[] {
  const all: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\0') break
    if (/[ \t\r\n]/.test(char)) at++
    else {
      const token = SPECIAL.test(char) ? symbol(text, at) : word(text, at)
      all.push(token.token)
      at = token.end
    }
  }
  return all
}

/** The longest run of special characters from `at` that is an operator. */
function symbol(text: string, at: number): { token: Token; end: number } {
  const two = text.slice(at, at + 2)
  const literal = SYMBOLS.has(two) ? two : text.charAt(at)
  return { token: { kind: literal as TokenKind, text: literal }, end: at + literal.length }
}

function word(text: string, at: number): { token: Token; end: number } {
  const pattern = /[^=!(),<> \t\r\n\0]+/y
  pattern.lastIndex = at
  const literal = pattern.exec(text)?.[0] ?? ''
  const kind = literal === 'in' || literal === 'notin' ? literal : 'identifier'
  return { token: { kind, text: literal }, end: at + literal.length }
}
