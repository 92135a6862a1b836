import { decodeBase64 } from '../../../lib/base64.ts'
import { DecodeError } from '../errors.ts'

/** What a scalar is once it is known whether it is plain and how it is tagged. */
export type YamlScalar = string | number | bigint | boolean | null

const WORDS: ReadonlyMap<string, boolean | number | null> = new Map<string, boolean | number | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((w) => [w, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((w) => [w, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((w) => [w, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((w) => [w, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((w) => [w, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((w) => [w, -Infinity] as const),
])

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
/** What looks like a date is a string: nothing in JSON is a date. */
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/

/** Resolves a plain scalar by the rules of YAML 1.1 as upstream's library has them: `yes` is true, `0777` is octal. */
export function resolvePlain(text: string): YamlScalar {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (!/^[-+.0-9]/.test(text)) return text
  if (text.startsWith('.')) return FLOAT.test(text) ? Number(text) : text
  if (TIMESTAMP.test(text)) return text
  return resolveInteger(text) ?? resolveFloat(text) ?? text
}

function resolveFloat(text: string): number | undefined {
  const plain = text.replaceAll('_', '')
  const value = FLOAT.test(plain) ? Number(plain) : undefined
  return value !== undefined && Number.isFinite(value) ? value : undefined
}

const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/

/** Whole numbers of 64 bits, in the notations of Go. */
function resolveInteger(text: string): number | bigint | undefined {
  const match = INTEGER.exec(text.replaceAll('_', ''))
  if (!match) return undefined
  const [, sign, hex, binary, octal, decimal] = match
  const digits = hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? '0')
  const magnitude = BigInt(digits)
  const value = sign === '-' ? -magnitude : magnitude
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return undefined
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

const TAG = 'tag:yaml.org,2002:'

/** Resolves a scalar with an explicit tag. Throws DecodeError when it is not of that type. */
export function resolveTagged(tag: string, text: string): YamlScalar {
  const type = tag.startsWith(TAG) ? tag.slice(TAG.length) : ''
  if (type === 'binary') return binaryText(text)
  if (!['str', 'bool', 'int', 'float', 'null', 'timestamp'].includes(type) || type === 'str') return text
  const value = resolvePlain(text)
  const actual = typeOf(value, text)
  if (actual === type || (type === 'float' && actual === 'int')) return value
  throw new DecodeError(`yaml: cannot decode !!${actual} \`${text}\` as a !!${type}`, { unrecognized: true })
}

function typeOf(value: YamlScalar, text: string): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'string') return TIMESTAMP.test(text) ? 'timestamp' : 'str'
  return Number.isInteger(value) && !/[.eEnN]/.test(text) ? 'int' : 'float'
}

function binaryText(text: string): string {
  const bytes = decodeBase64(text.replaceAll(' ', ''))
  if (typeof bytes === 'number')
    throw new DecodeError('yaml: !!binary value contains invalid base64 data', { unrecognized: true })
  return new TextDecoder().decode(bytes)
}
