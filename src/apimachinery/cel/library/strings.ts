import { DYN, INT, listType, STRING } from '../check/types.ts'
import { codePoints } from '../values/text.ts'
import { textOf } from '../values/convert.ts'
import { ArrayList, CelError, CelList, type CelValue, isError, noSuchOverload } from '../values/values.ts'
import { formatText } from './format-text.ts'
import { type FunctionDecl, fn, type Implementation, member, overload } from './functions.ts'

const TEXTS = listType(STRING)

function outOfRange(index: number): CelError {
  return new CelError(`index out of range: ${index}`)
}

/** An implementation on a text. The types of the other arguments have been made sure of before. */
function onText<Rest extends unknown[]>(act: (text: string, ...rest: Rest) => CelValue): Implementation {
  return (text, ...rest) => {
    if (typeof text !== 'string') return noSuchOverload
    return act(text, ...(rest.map(plain) as unknown as Rest))
  }
}

/** An index beyond all texts is as good as any other. */
const plain = (value: CelValue): CelValue => (typeof value === 'bigint' ? Number(value) : value)

function charAt(text: string, index: number): CelValue {
  const characters = Array.from(text)
  if (index < 0 || index > characters.length) return outOfRange(index)
  return characters[index] ?? ''
}

/** Code points before a place counted in UTF-16 units. */
const pointsBefore = (text: string, units: number): number => codePoints(text.slice(0, units))

function unitsBefore(text: string, points: number): number {
  return Array.from(text).slice(0, points).join('').length
}

function indexOf(text: string, part: string, from = 0): CelValue {
  if (part === '') return from
  if (from < 0) return outOfRange(from)
  if (from >= codePoints(text)) return -1
  const found = text.indexOf(part, unitsBefore(text, from))
  return found < 0 ? -1 : pointsBefore(text, found)
}

function lastIndexOf(text: string, part: string, from?: number): CelValue {
  const size = codePoints(text)
  if (part === '') return from ?? size
  if (from === undefined && codePoints(part) > size) return -1
  const start = from ?? size - 1
  if (start < 0) return outOfRange(start)
  if (start >= size) return -1
  const found = text.lastIndexOf(part, unitsBefore(text, start))
  return found < 0 ? -1 : pointsBefore(text, found)
}

function replace(text: string, from: string, to: string, limit = -1): string {
  if (limit < 0) return replaceAll(text, from, to)
  if (from === '') {
    const characters = Array.from(text)
    return characters.map((c, i) => (i < limit ? to + c : c)).join('') + (limit > characters.length ? to : '')
  }
  const parts = text.split(from)
  const head = parts.slice(0, limit + 1).join(to)
  return parts.length > limit + 1 ? [head, ...parts.slice(limit + 1)].join(from) : head
}

function replaceAll(text: string, from: string, to: string): string {
  return from === '' ? to + Array.from(text, (c) => c + to).join('') : text.replaceAll(from, () => to)
}

function split(text: string, separator: string, limit = -1): CelValue {
  if (limit === 0) return new ArrayList([])
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  if (limit < 0 || parts.length <= limit) return new ArrayList(parts)
  return new ArrayList([...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)])
}

function substring(text: string, start: number, end?: number): CelValue {
  const characters = Array.from(text)
  if (end !== undefined && start > end) {
    return new CelError(`invalid substring range. start: ${start}, end: ${end}`)
  }
  for (const index of end === undefined ? [start] : [start, end]) {
    if (index < 0 || index > characters.length) return outOfRange(index)
  }
  return characters.slice(start, end).join('')
}

function join(list: CelValue | undefined, separator: string): CelValue {
  if (!(list instanceof CelList)) return noSuchOverload
  const texts: string[] = []
  for (const item of list) {
    if (typeof item !== 'string') {
      return new CelError(`join: invalid input: ${isError(item) ? item.message : textOf(item)}`)
    }
    texts.push(item)
  }
  return texts.join(separator)
}

const QUOTED: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

const quote = (text: string): string => `"${Array.from(text, (c) => QUOTED[c] ?? c).join('')}"`

const lower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())
const upper = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase())
/** White space as Unicode has it; JavaScript's own trim also takes the byte order mark, and leaves U+0085. */
const trim = (text: string): string => text.replace(/^[\p{White_Space}]+/u, '').replace(/[\p{White_Space}]+$/u, '')

/** The strings extension of CEL, version 2. */
export const stringsLibrary: readonly FunctionDecl[] = [
  fn('charAt', member('string_char_at_int', [STRING, INT], STRING, onText(charAt))),
  fn(
    'indexOf',
    member('string_index_of_string', [STRING, STRING], INT, onText(indexOf)),
    member('string_index_of_string_int', [STRING, STRING, INT], INT, onText(indexOf)),
  ),
  fn(
    'lastIndexOf',
    member('string_last_index_of_string', [STRING, STRING], INT, onText(lastIndexOf)),
    member('string_last_index_of_string_int', [STRING, STRING, INT], INT, onText(lastIndexOf)),
  ),
  fn('lowerAscii', member('string_lower_ascii', [STRING], STRING, onText(lower))),
  fn(
    'replace',
    member('string_replace_string_string', [STRING, STRING, STRING], STRING, onText(replace)),
    member('string_replace_string_string_int', [STRING, STRING, STRING, INT], STRING, onText(replace)),
  ),
  fn(
    'split',
    member('string_split_string', [STRING, STRING], TEXTS, onText(split)),
    member('string_split_string_int', [STRING, STRING, INT], TEXTS, onText(split)),
  ),
  fn(
    'substring',
    member('string_substring_int', [STRING, INT], STRING, onText(substring)),
    member('string_substring_int_int', [STRING, INT, INT], STRING, onText(substring)),
  ),
  fn('trim', member('string_trim', [STRING], STRING, onText(trim))),
  fn('upperAscii', member('string_upper_ascii', [STRING], STRING, onText(upper))),
  fn('format', member('string_format', [STRING, listType(DYN)], STRING, formatText)),
  fn('strings.quote', overload('strings_quote', [STRING], STRING, onText(quote))),
  fn(
    'join',
    member('list_join', [TEXTS], STRING, (list) => join(list, '')),
    member('list_join_string', [TEXTS, STRING], STRING, (list, separator) =>
      typeof separator === 'string' ? join(list, separator) : noSuchOverload,
    ),
  ),
]
