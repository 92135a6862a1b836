import { parseRequestUri, UrlError } from '../../../apimachinery/cel/library/urls.ts'
import { goQuote } from '../../../lib/quote.ts'

/** The parts of a URL that rules about issuers look at. */
export interface ParsedUrl {
  readonly scheme: string
  /** Whether it names a user before its host. */
  readonly user: boolean
  readonly query: string
  readonly fragment: string
}

/** Reads a URL as Go's url.Parse does. Throws a UrlError in Go's words. */
export function parseUrl(text: string): ParsedUrl {
  const hash = text.indexOf('#')
  const [before, fragment] = hash < 0 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)]
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(before)?.[1] ?? ''
  if (scheme === '' && !before.startsWith('/')) {
    checkRelative(text, before)
    return { scheme, user: false, query: before.split('?')[1] ?? '', fragment }
  }
  try {
    const { query } = parseRequestUri(before, false)
    const authority = /^(?:[^:/]*:)?\/\/([^/?]*)/.exec(before)?.[1] ?? ''
    return { scheme: scheme.toLowerCase(), user: authority.includes('@'), query, fragment }
  } catch (error) {
    // The whole text is named, whatever part is wrong.
    if (error instanceof UrlError) throw new UrlError(text, error.problem)
    throw error
  }
}

function checkRelative(text: string, before: string): void {
  // eslint-disable-next-line no-control-regex -- these are the characters refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlError(text, 'net/url: invalid control character in URL')
  if (before.startsWith(':')) throw new UrlError(text, 'missing protocol scheme')
  const [path = ''] = before.split('?')
  if ((path.split('/')[0] ?? '').includes(':'))
    throw new UrlError(text, 'first path segment in URL cannot contain colon')
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path)?.[0]
  if (escape !== undefined) throw new UrlError(text, `invalid URL escape ${goQuote(escape)}`)
}
