/** Prints values as YAML in the style of upstream's library, but for long lines, which are left whole. */
import { isJsonObject } from '../../../lib/json-value.ts'
import { compareKeys } from './key-order.ts'
import { resolvePlain } from './scalar.ts'

/** A value as a YAML document. */
export function printYaml(value: unknown): string {
  const lines: string[] = []
  if (isFilledList(value)) printList(value, '', lines, '')
  else if (isFilledObject(value)) printObject(value, '', lines, '')
  else lines.push(scalarText(value, ''))
  return `${lines.join('\n')}\n`
}

const isFilledList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0

const isFilledObject = (value: unknown): value is Record<string, unknown> =>
  isJsonObject(value) && Object.keys(value).length > 0

/** `first` stands before the first line in place of `indent`: the dashes of the lists around. */
function printObject(object: Record<string, unknown>, indent: string, lines: string[], first: string): void {
  let start = first
  for (const key of Object.keys(object).sort(compareKeys)) {
    const value = object[key]
    const text = keyText(key)
    const head = text.length > LONGEST_SIMPLE_KEY ? `${start}? ${text}\n${indent}:` : `${start}${text}:`
    start = indent
    if (isFilledObject(value)) {
      lines.push(head)
      printObject(value, `${indent}  `, lines, `${indent}  `)
    } else if (isFilledList(value)) {
      lines.push(head)
      printList(value, indent, lines, indent)
    } else lines.push(`${head} ${scalarText(value, indent)}`)
  }
}

function printList(items: readonly unknown[], indent: string, lines: string[], first: string): void {
  let start = first
  for (const item of items) {
    if (isFilledObject(item)) printObject(item, `${indent}  `, lines, `${start}- `)
    else if (isFilledList(item)) printList(item, `${indent}  `, lines, `${start}- `)
    else lines.push(`${start}- ${scalarText(item, indent)}`)
    start = indent
  }
}

function scalarText(value: unknown, indent: string): string {
  if (typeof value === 'string') return stringText(value, indent)
  if (Array.isArray(value)) return '[]'
  if (typeof value === 'object' && value !== null) return '{}'
  return value === undefined ? 'null' : String(value as number)
}

/** A longer key needs a question mark before it. */
const LONGEST_SIMPLE_KEY = 128

function keyText(key: string): string {
  const { plain, single } = analyze(key)
  if (key === '') return '""'
  if (!isString(key) || key === '<<') return doubleQuoted(key)
  if (plain) return key
  return single && !key.includes('\n') ? singleQuoted(key) : doubleQuoted(key)
}

function stringText(text: string, indent: string): string {
  const { plain, single, block } = analyze(text)
  if (text.includes('\n')) return block ? literal(text, `${indent}  `) : doubleQuoted(text)
  if (text === '' || !isString(text)) return doubleQuoted(text)
  if (plain) return text
  return single ? singleQuoted(text) : doubleQuoted(text)
}

const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const TIMESTAMP = /^\d{4}-/

/** Whether a text stays what it is when it stands without quotes. */
function isString(text: string): boolean {
  return resolvePlain(text) === text && !SEXAGESIMAL.test(text) && !TIMESTAMP.test(text)
}

/** In which styles a text may stand (libyaml's analysis of scalars). */
function analyze(text: string): { plain: boolean; single: boolean; block: boolean } {
  const hasBreak = /[\n\r\u0085\u2028\u2029]/.test(text)
  const isSpecial = SPECIAL.test(text) || !text.isWellFormed()
  const spaceBeforeBreak = / [\n\r\u0085\u2028\u2029]/.test(text)
  const spaceAfterBreak = /[\n\r\u0085\u2028\u2029] /.test(text)
  const indicator = INDICATORS.test(text) || / #|:(?: |$)|^[?:-](?: |$)/.test(text)
  const outerSpace = text.startsWith(' ') || text.endsWith(' ')
  return {
    plain: !hasBreak && !isSpecial && !indicator && !outerSpace,
    single: !spaceAfterBreak && !spaceBeforeBreak && !isSpecial,
    block: !text.endsWith(' ') && !spaceBeforeBreak && !isSpecial,
  }
}

/** What a plain text may not begin with. */
const INDICATORS = /^(?:[#,[\]{}&*!|>'"%@`]|---|\.\.\.)/
/** What must be escaped: control characters, odd spaces, what does not print. */
// eslint-disable-next-line no-control-regex -- control characters are what is meant
const SPECIAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/

const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function doubleQuoted(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are escaped
  return `"${text.toWellFormed().replace(/["\\\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g, escape)}"`
}

function escape(char: string): string {
  const hex = char.charCodeAt(0).toString(16).toUpperCase()
  return SHORT_ESCAPES[char] ?? (hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`)
}

/** `|`, with hints of how much it is indented where the text begins with space, and of how many line breaks end it. */
function literal(text: string, indent: string): string {
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const chomp = !text.endsWith('\n') ? '-' : text.endsWith('\n\n') || text === '\n' ? '+' : ''
  const body = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  return [`|${hint}${chomp}`, ...body.map((line) => (line === '' ? '' : indent + line))].join('\n')
}
