import { utf8Encode } from '../values/text.ts'

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
}
const NUMERIC: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 }

/** What a literal's text could not be read as. */
export class UnescapeError extends Error {}

/** The string that a string token stands for. */
export function unescapeString(token: string): string {
  const { body, raw } = unquote(token)
  if (raw || !body.includes('\\')) return body
  let out = ''
  for (const piece of pieces(body)) {
    if (typeof piece === 'string') {
      out += piece
      continue
    }
    if (piece.code > 0x10ffff || (piece.code >= 0xd800 && piece.code < 0xe000)) {
      throw new UnescapeError('invalid unicode code point')
    }
    out += String.fromCodePoint(piece.code)
  }
  return out
}

/** The bytes that a bytes token (without its `b`) stands for: \x and octal escapes are bytes, not characters. */
export function unescapeBytes(token: string): Uint8Array {
  const { body, raw } = unquote(token)
  if (raw || !body.includes('\\')) return utf8Encode(body)
  const out: number[] = []
  for (const piece of pieces(body)) {
    if (typeof piece === 'string') out.push(...utf8Encode(piece))
    else if (piece.unicode) throw new UnescapeError('unable to unescape string')
    else out.push(piece.code)
  }
  return Uint8Array.from(out)
}

/** The text between the quotes, line ends made one. */
function unquote(token: string): { body: string; raw: boolean } {
  const raw = /^[rR]/.test(token)
  const quoted = (raw ? token.slice(1) : token).replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const quote = quoted.slice(0, 3)
  const long = quoted.length >= 6 && (quote === '"""' || quote === "'''") && quoted.endsWith(quote)
  return { body: long ? quoted.slice(3, -3) : quoted.slice(1, -1), raw }
}

interface Escape {
  readonly code: number
  readonly unicode: boolean
}

function* pieces(body: string): Generator<string | Escape> {
  let at = 0
  while (at < body.length) {
    const next = body.indexOf('\\', at)
    if (next < 0) {
      yield body.slice(at)
      return
    }
    if (next > at) yield body.slice(at, next)
    const c = body[next + 1] ?? ''
    const digits = NUMERIC[c]
    const simple = SIMPLE[c]
    if (simple !== undefined) {
      yield { code: simple, unicode: false }
      at = next + 2
    } else if (digits !== undefined) {
      yield { code: parseInt(body.slice(next + 2, next + 2 + digits), 16), unicode: digits > 2 }
      at = next + 2 + digits
    } else {
      yield { code: parseInt(body.slice(next + 1, next + 4), 8), unicode: false }
      at = next + 4
    }
  }
}
