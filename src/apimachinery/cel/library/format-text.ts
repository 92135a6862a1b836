import { goQuote } from '../../../lib/quote.ts'
import { doubleText, parseDouble, textOf } from '../values/convert.ts'
import { utf8Decode, utf8Encode } from '../values/text.ts'
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  isError,
  noSuchOverload,
  typeOf,
  Uint,
} from '../values/values.ts'

const DEFAULT_PRECISION = 6
/** More decimals than this are nobody's. */
const MAX_PRECISION = 1000
/** Decimals that tell what lies in the middle from what only nearly does. */
const EXACT_DIGITS = 100

/** The letters of a format's clauses, in order. A complaint ends them. */
export function* clauseLetters(text: string): Generator<string, string | undefined> {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at)) {
    if (at + 1 >= text.length) return 'unexpected end of string'
    if (text[at + 1] === '%') {
      at += 2
      continue
    }
    try {
      // upstream asks for the argument before it reads the clause
      yield ''
      const { letter, end } = clauseAt(text, at + 1)
      yield letter
      at = end
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      return error.message
    }
  }
  return undefined
}

/** What a clause of a format makes of an argument. Throws FormatError. */
type Clause = (value: CelValue) => string

/** A format, or an argument, that does not go. */
class FormatError extends Error {}

/** `text.format([arguments])` */
export function formatText(text: CelValue | undefined, list: CelValue | undefined): CelValue {
  if (typeof text !== 'string' || !(list instanceof CelList)) return noSuchOverload
  try {
    return format(text, list)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return new CelError(error.message)
  }
}

function format(text: string, list: CelList): string {
  let out = ''
  let next = 0
  for (let at = 0; at < text.length;) {
    const c = text[at] ?? ''
    if (c !== '%') {
      out += c
      at++
      continue
    }
    if (at + 1 >= text.length) throw new FormatError('unexpected end of string')
    if (text[at + 1] === '%') {
      out += '%'
      at += 2
      continue
    }
    if (next >= list.size) throw new FormatError(`index ${next} out of range`)
    const clause = clauseAt(text, at + 1)
    const value = list.get(next++)
    if (isError(value)) throw new FormatError(value.message)
    out += attempt(clause.apply, value)
    at = clause.end
  }
  return out
}

function attempt(clause: Clause, value: CelValue): string {
  try {
    return clause(value)
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`error during formatting: ${error.message}`)
    throw error
  }
}

const PRECISION_COMPLAINT =
  'could not parse formatting clause: error while parsing precision: ' +
  'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'

/** A clause of a format: its letter, and what it does. */
interface ClauseAt {
  readonly letter: string
  readonly apply: Clause
  readonly end: number
}

function clauseAt(text: string, at: number): ClauseAt {
  const precision = /^\.(\d*)/.exec(text.slice(at))
  if (precision !== null && precision[1] === '') {
    throw new FormatError(PRECISION_COMPLAINT)
  }
  const digits = precision === null ? DEFAULT_PRECISION : Math.min(Number(precision[1]), MAX_PRECISION)
  const end = at + (precision?.[0].length ?? 0)
  const letter = text[end]
  if (letter === undefined) throw new FormatError('could not parse formatting clause: unexpected end of string')
  return { letter, apply: clauseOf(letter, digits), end: end + 1 }
}

function clauseOf(letter: string, precision: number): Clause {
  switch (letter) {
    case 's':
      return anyText
    case 'd':
      return decimal
    case 'f':
      return (value) => fixedPoint(float(value, 'fixed-point'), precision)
    case 'e':
      return (value) => scientific(float(value, 'scientific')).padStart(precision)
    case 'b':
      return binary
    case 'x':
      return (value) => hexadecimal(value)
    case 'X':
      return (value) => hexadecimal(value).toUpperCase()
    case 'o':
      return octal
    default:
      throw new FormatError(`could not parse formatting clause: unrecognized formatting clause "${letter}"`)
  }
}

function integerOf(value: CelValue): bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value)
  return value instanceof Uint ? value.value : undefined
}

function decimal(value: CelValue): string {
  const integer = integerOf(value)
  if (integer !== undefined) return String(integer)
  throw new FormatError(`decimal clause can only be used on integers, was given ${typeOf(value).name}`)
}

function binary(value: CelValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  const integer = integerOf(value)
  if (integer !== undefined) return integer.toString(2)
  throw new FormatError(`only integers and bools can be formatted as binary, was given ${typeOf(value).name}`)
}

function octal(value: CelValue): string {
  const integer = integerOf(value)
  if (integer !== undefined) return integer.toString(8)
  throw new FormatError(`octal clause can only be used on integers, was given ${typeOf(value).name}`)
}

function hexadecimal(value: CelValue): string {
  const integer = integerOf(value)
  if (integer !== undefined) return integer.toString(16)
  const bytes = typeof value === 'string' ? utf8Encode(value) : value
  if (bytes instanceof Uint8Array) return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  const name = typeOf(value).name
  throw new FormatError(`only integers, byte buffers, and strings can be formatted as hex, was given ${name}`)
}

function float(value: CelValue, clause: string): number {
  if (value instanceof Double) return value.value
  if (typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value)) return parseDouble(value) ?? NaN
  throw new FormatError(`${clause} clause can only be used on doubles, was given ${typeOf(value).name}`)
}

const special = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')

/** As many decimals as asked for, groups of thousands apart; what lies in the middle goes to the even side. */
function fixedPoint(value: number, precision: number): string {
  if (!Number.isFinite(value)) return special(value)
  const digits = Math.min(precision, 60)
  const exact = Math.abs(value).toFixed(EXACT_DIGITS)
  const point = exact.indexOf('.')
  const cut = point + 1 + digits
  const rest = exact.slice(cut)
  let scaled = BigInt(exact.slice(0, point) + exact.slice(point + 1, cut))
  if (rest > `5${'0'.repeat(rest.length - 1)}` || (/^50*$/.test(rest) && scaled % 2n === 1n)) scaled++
  const text = String(scaled).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(?:\d{3})+$)/g, ',')
  const fraction = (digits === 0 ? '' : text.slice(-digits)).padEnd(precision, '0')
  return `${value < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** As upstream's printer for English writes it: `1.500000×10⁰³`. A precision is taken for a width. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return special(value)
  const [mantissa = '', exponent = '0'] = value.toExponential(DEFAULT_PRECISION).split('e')
  const digits = String(Math.abs(Number(exponent))).padStart(2, '0')
  const raised = Array.from(digits, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')
  return `${mantissa}×10${Number(exponent) < 0 ? '⁻' : ''}${raised}`
}

/** `%s` */
function anyText(value: CelValue): string {
  if (value === null) return 'null'
  if (value instanceof CelList) return `[${[...value].map(nested).join(', ')}]`
  if (value instanceof CelMap) return mapText(value)
  if (SCALARS.includes(typeOf(value).kind)) return textOf(value)
  const which = 'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps'
  throw new FormatError(`string clause can only be used on ${which}, was given ${typeOf(value).name}`)
}

const SCALARS = ['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'type', 'uint']

/** A value inside a list or map. */
function nested(value: CelValue): string {
  if (isError(value)) throw new FormatError(value.message)
  const { kind, name } = typeOf(value)
  switch (kind) {
    case 'string':
      return goQuote(textOf(value))
    case 'bytes':
      return `b${goQuote(utf8Decode(value as Uint8Array) ?? '')}`
    case 'timestamp':
    case 'duration':
      return `${kind}(${goQuote(textOf(value))})`
    case 'double':
      return doubleInside(value as Double)
    case 'struct':
    case 'opaque':
      throw new FormatError(`no formatting function for ${name}`)
    default:
      return anyText(value)
  }
}

function doubleInside({ value }: Double): string {
  return Number.isFinite(value) ? value.toFixed(DEFAULT_PRECISION) : goQuote(doubleText(value))
}

function mapText(map: CelMap): string {
  const entries: [string, string][] = []
  for (const key of map.keys()) {
    if (!['string', 'bool', 'int', 'uint'].includes(typeOf(key).kind)) {
      throw new FormatError(`no formatting function for map key of type ${typeOf(key).name}`)
    }
    entries.push([nested(key), nested(map.find(key) ?? null)])
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(', ')}}`
}
