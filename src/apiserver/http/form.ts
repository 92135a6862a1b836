import type { RequestHeaders } from '../authn/types.ts'
import { type Call, header } from '../request/call.ts'
import {
  type Accepted,
  ALL_MEDIA_TYPES,
  checkRoutable,
  JSON_TYPE,
  negotiate,
  negotiated,
  type Offer,
} from '../request/negotiate.ts'
import type { ApiServer } from '../server.ts'
import { customOffer, objectOffer } from '../transform/transform.ts'
import type { Exchange } from './exchange.ts'
import { queryOf } from './http-call.ts'

/** The form of most answers. */
export const PLAIN_JSON: Accepted = { mediaType: JSON_TYPE, target: undefined, pretty: false }
const PRETTY_JSON: Accepted = { ...PLAIN_JSON, pretty: true }
const OFFER = objectOffer(ALL_MEDIA_TYPES)
const CUSTOM_OFFER = customOffer()

/** The form that a call's client takes. Throws 406. */
export function acceptedBy(server: ApiServer, call: Call): Accepted {
  const accept = header(call.headers, 'accept')
  const pretty = wantsPretty(call.headers, call.query)
  if (accept === '' || accept === '*/*' || accept === JSON_TYPE) return pretty ? PRETTY_JSON : PLAIN_JSON
  const { group, version, resource, verb, isResource } = call.info
  const isCustom = server.resources.find(group, version, resource)?.custom !== undefined
  if (!isCustom) checkRoutable(accept, verb)
  const accepted = negotiate(accept, isCustom ? CUSTOM_OFFER : isResource ? OFFER : PLAIN_OFFER)
  return pretty ? { ...accepted, pretty } : accepted
}

const PLAIN_OFFER: Offer = { mediaTypes: ALL_MEDIA_TYPES, allows: (target) => target === undefined }

/** The form of a refusal: no table, and JSON for people when the client takes nothing that there is. */
export function errorForm({ headers, url }: Exchange): Accepted {
  const pretty = wantsPretty(headers, queryOf(url))
  const accepted = negotiated(header(headers, 'accept'), PLAIN_OFFER)
  if (!accepted) return PRETTY_JSON
  return pretty ? { ...accepted, pretty } : accepted
}

/** What Go reads as a true value. */
const TRUE = /^(?:1|t|T|true|TRUE|True)$/

/** People look at answers in browsers and with curl. */
function wantsPretty(headers: RequestHeaders, query: URLSearchParams): boolean {
  const asked = query.size > 0 ? query.get('pretty') : null
  if (asked) return TRUE.test(asked)
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(headers, 'user-agent'))
}
