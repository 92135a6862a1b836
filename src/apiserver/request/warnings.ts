/** All warnings of an answer together should have no more characters; */
const MOST_OF_ALL = 4096
/** otherwise each is cut to so many. */
const MOST_OF_ONE = 256

/**
 * The Warning headers of an answer (RFC 7234, 5.5, with the one code that the API uses), bounded as upstream bounds them. Texts that a header
 * cannot have are left out.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  if (texts.length === 0) return []
  const fit = texts.filter((text) => text !== '')
  let left = MOST_OF_ALL
  const isTooMuch = fit.some((text) => isShown(text) && (left -= lengthOf(text)) < 0)
  if (!isTooMuch) return fit.filter(isShown).map(headerOf)
  const headers: string[] = []
  let written = 0
  for (const text of fit) {
    if (written >= MOST_OF_ALL) break
    const cut = Array.from(text).slice(0, MOST_OF_ONE).join('')
    if (!isShown(cut)) continue
    written += lengthOf(cut)
    headers.push(headerOf(cut))
  }
  return headers
}

function lengthOf(text: string): number {
  let length = 0
  for (const _character of text) length++
  return length
}

const CONTROL = /\p{Cc}/u
const isShown = (text: string): boolean => !CONTROL.test(text)

const encoder = new TextEncoder()

/** Headers are bytes; what is beyond ASCII goes as UTF-8. */
function headerOf(text: string): string {
  const quoted = `299 - "${text.replaceAll(/["\\]/g, '\\$&')}"`
  return Array.from(encoder.encode(quoted), (byte) => String.fromCharCode(byte)).join('')
}
