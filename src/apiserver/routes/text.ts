import { failure } from '../../apimachinery/status.ts'
import { goQuote } from '../../lib/quote.ts'
import { type Call, header } from '../request/call.ts'
import { JSON_TYPE, type MediaType, negotiated, type Offer } from '../request/negotiate.ts'
import type { RawAnswer } from '../registry/answer.ts'

/** Plain text, as Go's http.Error and fmt.Fprint send it. */
export function textAnswer(status: number, body: string): RawAnswer {
  return {
    type: 'raw',
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body,
  }
}

/** JSON for people to read: indented, as upstream writes what is no API object. */
export function jsonAnswer(value: unknown): RawAnswer {
  return {
    type: 'raw',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value, undefined, 2),
  }
}

/** Throws 406 for a client that does not take JSON, or the one other type that there is, in the words of upstream's router. */
export function checkTakesJson({ headers }: Pick<Call, 'headers'>, mediaType: string = JSON_TYPE): void {
  const offer: Offer = { mediaTypes: [mediaType as MediaType], allows: () => true }
  if (negotiated(header(headers, 'accept'), offer)) return
  throw failure('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${mediaType}`, {})
}

/** What Go's mux says to a path that nobody handles. */
export const pageNotFound = (): RawAnswer => textAnswer(404, '404 page not found\n')

/** What a fault of the server itself before a request is handled is answered with. */
export function internalServerError(uri: string, problem: string): RawAnswer {
  const text = `Internal Server Error: ${goQuote(uri)}: ${problem}`
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return textAnswer(500, `${escaped}\n`)
}
