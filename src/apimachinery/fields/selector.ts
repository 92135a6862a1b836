import { ParseError } from '../parse-error.ts'

/** One condition on a field: equal or not equal to a value. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Conditions that must all hold; none selects everything. */
export type FieldSelector = readonly FieldRequirement[]

/**
 * Parses a field selector such as `metadata.name=web,spec.nodeName!=`. A value escapes `\`, `,` and `=` with a
 * backslash. Terms are sorted, as upstream. Throws ParseError in upstream's words.
 */
export function parseFieldSelector(text: string): FieldSelector {
  return terms(text)
    .sort()
    .filter((term) => term !== '')
    .map((term) => requirement(term, text))
    .filter(({ field, value }) => field !== '' || value !== '')
}

function requirement(term: string, text: string): FieldRequirement {
  const match = /^([^=]*?)(!=|==|=)(.*)$/s.exec(term)
  if (!match) throw new ParseError(`invalid selector: '${text}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) }
}

/** Splits at the commas that are not escaped; keeps the backslashes. */
function terms(text: string): string[] {
  const all: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === ',') {
      all.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...all, text.slice(start)]
}

function unescapeValue(value: string): string {
  if (!/[\\,=]/.test(value)) return value
  let plain = ''
  for (let at = 0; at < value.length; at++) {
    const char = value.charAt(at)
    if (char === '\\') {
      const escaped = String.fromCodePoint(...[value.codePointAt(++at)].filter((c) => c !== undefined))
      if (!['\\', ',', '='].includes(escaped))
        throw new ParseError(`invalid field selector: invalid escape sequence: \\${escaped}`)
      plain += escaped
    } else if (char === '=' || char === ',')
      throw new ParseError(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`)
    else plain += char
  }
  return plain
}

/** A value as it must stand in a field selector's text. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&')
}

/** The selector's text form. */
export function formatFieldSelector(selector: FieldSelector): string {
  return selector.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(',')
}

/** Whether an object is selected; `valueOf` gives a field's value, the empty string when it is unset. */
export function selectsFields(selector: FieldSelector, valueOf: (field: string) => string): boolean {
  for (const { field, operator, value } of selector) {
    if ((valueOf(field) === value) !== (operator === '=')) return false
  }
  return true
}

/** The one value that the selector demands of a field, if it does (RequiresExactMatch); for indexes and authorization. */
export function demandedField(selector: FieldSelector, field: string): string | undefined {
  return selector.find((r) => r.field === field && r.operator === '=')?.value
}
