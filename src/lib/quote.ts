const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}

/**
 * `text` as Go's `%q` prints it: double-quoted, printable characters as they are, the rest escaped. Messages
 * that clients see are made of it.
 */
export function goQuote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  // eslint-disable-next-line no-control-regex -- control characters are what is escaped
  const escaped = text.replace(/["\\]|[^\P{C}]|[\p{Zs}\p{Zl}\p{Zp}]/gu, (c) => (c === ' ' ? c : escapeRune(c)))
  return `"${escaped}"`
}

function escapeRune(char: string): string {
  const short = SHORT_ESCAPES[char]
  if (short) return short
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

/** `text` as Go's time package quotes it: what is not printable ASCII becomes its UTF-8 bytes, `\xc2\xb5`. */
export function quoteBytes(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~\x7f]/gu, (char) =>
    char === '"' || char === '\\'
      ? `\\${char}`
      : Array.from(new TextEncoder().encode(char), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  )
  return `"${escaped}"`
}
