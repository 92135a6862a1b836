import { goQuote } from '../../../lib/quote.ts'
import { MAX_DEPTH } from './scan.ts'

const SPACE = 0x20
const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

type State = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'next' | 'end'

/**
 * What is wrong with a JSON text, in the words of Go's encoding/json (`invalid character '}' looking for beginning of
 * object key string`), or undefined when nothing is. Slow; for texts that failed to parse.
 */
export function syntaxErrorOf(bytes: Uint8Array): string | undefined {
  try {
    check(new Reader(bytes))
    return undefined
  } catch (error) {
    if (error instanceof Invalid) return error.message
    throw error
  }
}

class Invalid extends Error {}

/** Reads bytes; past the end one space, which is how Go's scanner learns that a literal ends. */
class Reader {
  readonly #bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  peek(): number {
    return this.#bytes[this.at] ?? SPACE
  }

  atEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  skipSpace(): void {
    while (!this.atEnd() && [SPACE, 9, 10, 13].includes(this.peek())) this.at++
  }

  /** Takes one byte that `allowed` accepts, or fails. */
  expect(allowed: RegExp, context: string): string {
    const char = String.fromCharCode(this.peek())
    if (!allowed.test(char)) throw this.invalid(context)
    this.at++
    return char
  }

  invalid(context: string): Invalid {
    const char = String.fromCharCode(this.peek())
    const shown = char === "'" ? "\\'" : char === '"' ? '"' : goQuote(char).slice(1, -1)
    return new Invalid(`invalid character '${shown}' ${context}`)
  }
}

function check(reader: Reader): void {
  const open: ('{' | '[')[] = []
  let state: State = 'value'
  for (;;) {
    reader.skipSpace()
    if (reader.atEnd()) {
      if (state === 'end') return
      throw new Invalid('unexpected end of JSON input')
    }
    state = step(reader, open, state)
  }
}

function step(reader: Reader, open: ('{' | '[')[], state: State): State {
  const char = String.fromCharCode(reader.peek())
  switch (state) {
    case 'value or ]':
      return char === ']' ? close(reader, open) : value(reader, open)
    case 'value':
      return value(reader, open)
    case 'key or }':
      return char === '}' ? close(reader, open) : key(reader)
    case 'key':
      return key(reader)
    case 'colon':
      reader.expect(/:/, 'after object key')
      return 'value'
    case 'next':
      return next(reader, open, char)
    case 'end':
      throw reader.invalid('after top-level value')
  }
}

function close(reader: Reader, open: ('{' | '[')[]): State {
  reader.at++
  open.pop()
  return after(open)
}

const after = (open: readonly string[]): State => (open.length === 0 ? 'end' : 'next')

function next(reader: Reader, open: ('{' | '[')[], char: string): State {
  const inObject = open.at(-1) === '{'
  if (char === (inObject ? '}' : ']')) return close(reader, open)
  reader.expect(/,/, inObject ? 'after object key:value pair' : 'after array element')
  return inObject ? 'key' : 'value'
}

function key(reader: Reader): State {
  reader.expect(/"/, 'looking for beginning of object key string')
  string(reader)
  return 'colon'
}

function value(reader: Reader, open: ('{' | '[')[]): State {
  const char = String.fromCharCode(reader.peek())
  if (char === '{' || char === '[') {
    if (open.push(char) > MAX_DEPTH) throw reader.invalid('exceeded max depth')
    reader.at++
    return char === '{' ? 'key or }' : 'value or ]'
  }
  const literal = LITERALS[char]
  if (char === '"') {
    reader.at++
    string(reader)
  } else if (literal) word(reader, literal)
  else if (/[-\d]/.test(char)) number(reader)
  else throw reader.invalid('looking for beginning of value')
  return after(open)
}

function word(reader: Reader, literal: string): void {
  reader.at++
  for (const char of literal.slice(1)) reader.expect(new RegExp(char), `in literal ${literal} (expecting '${char}')`)
}

function number(reader: Reader): void {
  const digit = (): boolean => /\d/.test(String.fromCharCode(reader.peek()))
  if (reader.peek() === 0x2d) reader.at++
  const first = reader.expect(/\d/, 'in numeric literal')
  if (first !== '0') while (digit()) reader.at++
  if (reader.peek() === 0x2e) {
    reader.at++
    reader.expect(/\d/, 'after decimal point in numeric literal')
    while (digit()) reader.at++
  }
  if (/[eE]/.test(String.fromCharCode(reader.peek()))) {
    reader.at++
    if (/[+-]/.test(String.fromCharCode(reader.peek()))) reader.at++
    reader.expect(/\d/, 'in exponent of numeric literal')
    while (digit()) reader.at++
  }
}

/** The rest of a string, after its opening quote. */
function string(reader: Reader): void {
  for (;;) {
    if (reader.atEnd()) throw new Invalid('unexpected end of JSON input')
    const char = String.fromCharCode(reader.peek())
    if (char < ' ') throw reader.invalid('in string literal')
    reader.at++
    if (char === '"') return
    if (char !== '\\') continue
    if (reader.expect(/[bfnrt\\/"u]/, 'in string escape code') !== 'u') continue
    for (let i = 0; i < 4; i++) reader.expect(/[\da-fA-F]/, 'in \\u hexadecimal character escape')
  }
}
