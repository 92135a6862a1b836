import type { Issue } from './source.ts'

/** What a token is: float, int, uint, string, bytes, ident, quoted; punctuation and words are their own text; `''` is the end. */
export type TokenKind = string

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly offset: number
}

const WORDS = new Set(['in', 'true', 'false', 'null'])
const OPERATORS = ['==', '!=', '<=', '>=', '&&', '||', '<', '>', '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?']
const SINGLE = [...OPERATORS, ':', '+', '*', '/', '%']

const BLANK = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y
const FLOAT = /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y
const UINT = /(?:0x[0-9a-fA-F]+|\d+)[uU]/y
const INT = /0x[0-9a-fA-F]+|\d+/y
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y
const QUOTED = /`[A-Za-z0-9_.\-/ ]+`/y
const PREFIX = /[bB]?[rR]?(?='|")/y
const ESCAPE = /\\(?:[abfnrtv"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y

/** The tokens of a source text, ended by the one of kind `''`. What is no token is reported and skipped. */
export function tokenize(source: string, issues: Issue[]): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    at += matchLength(BLANK, source, at)
    if (at >= source.length) break
    const token = literal(source, at) ?? word(source, at) ?? operator(source, at)
    if (token !== undefined) {
      tokens.push(token)
      at += token.text.length
      continue
    }
    const end = endOfGarbage(source, at)
    const text = source.slice(at, end).replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
    issues.push({ offset: at, message: `Syntax error: token recognition error at: '${text}'` })
    at = end
  }
  tokens.push({ kind: '', text: '<EOF>', offset: source.length })
  return tokens
}

function matchLength(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0].length ?? 0
}

function literal(source: string, at: number): Token | undefined {
  const kinds: [TokenKind, RegExp][] = [
    ['float', FLOAT],
    ['uint', UINT],
    ['int', INT],
  ]
  for (const [kind, pattern] of kinds) {
    const length = matchLength(pattern, source, at)
    if (length > 0) return { kind, text: source.slice(at, at + length), offset: at }
  }
  const end = endOfString(source, at)
  if (end.closed) {
    const kind = /[bB]/.test(source[at] ?? '') ? 'bytes' : 'string'
    return { kind, text: source.slice(at, end.end), offset: at }
  }
  return undefined
}

function word(source: string, at: number): Token | undefined {
  const quoted = matchLength(QUOTED, source, at)
  if (quoted > 0) return { kind: 'quoted', text: source.slice(at, at + quoted), offset: at }
  const length = matchLength(IDENT, source, at)
  if (length === 0) return undefined
  const text = source.slice(at, at + length)
  return { kind: WORDS.has(text) ? text : 'ident', text, offset: at }
}

function operator(source: string, at: number): Token | undefined {
  const text = SINGLE.find((one) => source.startsWith(one, at))
  return text === undefined ? undefined : { kind: text, text, offset: at }
}

interface StringEnd {
  readonly end: number
  readonly closed: boolean
}

/** Where a string or bytes literal ends; not closed: where it first went wrong (its start: no quote here at all). */
function endOfString(source: string, at: number): StringEnd {
  PREFIX.lastIndex = at
  const prefix = PREFIX.exec(source)?.[0]
  if (prefix === undefined) return { end: at, closed: false }
  const raw = /[rR]/.test(prefix)
  const start = at + prefix.length
  const quote = source[start] ?? ''
  if (source.startsWith(quote.repeat(3), start)) {
    const long = scan(source, start + 3, { quote: quote.repeat(3), raw, lines: true })
    if (long.closed) return long
  }
  return scan(source, start + 1, { quote, raw, lines: false })
}

function scan(source: string, from: number, form: { quote: string; raw: boolean; lines: boolean }): StringEnd {
  let at = from
  while (at < source.length) {
    if (source.startsWith(form.quote, at)) return { end: at + form.quote.length, closed: true }
    const c = source[at] ?? ''
    if (!form.lines && (c === '\n' || c === '\r')) return { end: at, closed: false }
    if (c === '\\' && !form.raw) {
      const length = matchLength(ESCAPE, source, at)
      if (length === 0) return { end: badEscape(source, at), closed: false }
      at += length
    } else {
      at += 1
    }
  }
  return { end: at, closed: false }
}

/** The character that makes an escape wrong. */
function badEscape(source: string, at: number): number {
  const digits = { x: 2, X: 2, u: 4, U: 8 }[source[at + 1] ?? '']
  let end = at + 1
  if (digits !== undefined) {
    end += 1
    while (/[0-9a-fA-F]/.test(source[end] ?? '')) end += 1
  } else if (/[0-3]/.test(source[end] ?? '')) {
    end += 1
    while (/[0-7]/.test(source[end] ?? '') && end < at + 3) end += 1
  }
  return end
}

/** The text skipped for one complaint: up to and with the character no token goes on with. */
function endOfGarbage(source: string, at: number): number {
  const c = source[at] ?? ''
  const string = endOfString(source, at)
  let end = at
  if (string.end > at) end = string.end
  else if ('&|='.includes(c)) end = at + 1
  return Math.min(end + ((source.codePointAt(end) ?? 0) > 0xffff ? 2 : 1), source.length)
}
