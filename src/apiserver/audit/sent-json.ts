// What stands first in a text is part of it, and no mark: it is no JSON.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const BACKSLASH = 0x5c
const BLANK = /[ \t\n\r]+/g

/**
 * What a client sent, in one line; undefined when it is no JSON. Nothing of it is lost: numbers stay as they were written, and names may
 * come twice. Only what is no text becomes U+FFFD.
 */
export function sentJson(bytes: Uint8Array): string | undefined {
  const text = decoder.decode(bytes)
  return isJson(text) ? inOneLine(text) : undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Without blanks outside of its strings. */
function inOneLine(json: string): string {
  let line = ''
  for (let at = 0; at < json.length;) {
    const quote = json.indexOf('"', at)
    const between = quote < 0 ? json.slice(at) : json.slice(at, quote)
    const end = quote < 0 ? json.length : stringEnd(json, quote)
    line += between.replace(BLANK, '') + (quote < 0 ? '' : json.slice(quote, end))
    at = end
  }
  return line
}

/** Past the string that begins at `quote`. */
function stringEnd(json: string, quote: number): number {
  let end = json.indexOf('"', quote + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(json: string, at: number): boolean {
  let slashes = 0
  while (json.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}
