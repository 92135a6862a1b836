import { getOwn, setOwn } from '../../lib/own.ts'
import type { Authenticator, ClientCertificate, RequestHeaders, UserInfo } from './types.ts'

/** How a front proxy tells who its clients are. The names of headers are lower-case. */
export interface RequestHeaderOptions {
  /** Who holds the proxy's client certificate: verifies it and gives its common name, or undefined. */
  proxyName(clientCertificate: ClientCertificate): string | undefined
  /** The proxies that are believed; any that the CA signed when empty. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders?: readonly string[]
  readonly uidHeaders?: readonly string[]
  readonly groupHeaders?: readonly string[]
  readonly extraPrefixes?: readonly string[]
}

/** Believes the X-Remote-* headers of a front proxy that proves itself with a certificate of the proxies' own CA. */
export function requestHeaders(options: RequestHeaderOptions): Authenticator {
  const { usernameHeaders = ['x-remote-user'], uidHeaders = ['x-remote-uid'] } = options
  const { groupHeaders = ['x-remote-group'], extraPrefixes = ['x-remote-extra-'] } = options
  return {
    authenticate({ headers, clientCertificate }) {
      const proxy = clientCertificate && options.proxyName(clientCertificate)
      if (proxy === undefined) return undefined
      if (options.allowedNames.length > 0 && !options.allowedNames.includes(proxy)) {
        throw new Error(`x509: subject with cn=${proxy} is not in the allowed list`)
      }
      const name = first(headers, usernameHeaders)
      if (name === '') return undefined
      const uid = first(headers, uidHeaders)
      const groups = groupHeaders.flatMap((header) => valuesOf(headers, header)).filter((group) => group !== '')
      const user: UserInfo = { name, ...(uid && { uid }), groups, extra: extraOf(headers, extraPrefixes) }
      return { user }
    },
  }
}

function first(headers: RequestHeaders, names: readonly string[]): string {
  for (const name of names) {
    const [value = ''] = valuesOf(headers, name)
    if (value !== '') return value
  }
  return ''
}

/** Every value of a header, as the text that its bytes are. A comma in one does not part it. */
export function valuesOf(headers: RequestHeaders, name: string): string[] {
  const value = headers[name]
  if (value === undefined) return []
  return typeof value === 'string' ? [textOf(value)] : value.map(textOf)
}

/** Headers come with a character for each byte; what they mean is UTF-8. */
function textOf(value: string): string {
  // eslint-disable-next-line no-control-regex -- bytes, all of them
  if (!/[\u0080-\u00ff]/.test(value) || /[^\u0000-\u00ff]/.test(value)) return value
  return new TextDecoder().decode(Uint8Array.from(value, (char) => char.charCodeAt(0)))
}

/** `<prefix><key>: value` headers, keys percent-decoded. */
export function extraOf(headers: RequestHeaders, prefixes: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const header of Object.keys(headers)) {
    const prefix = prefixes.find((candidate) => header.startsWith(candidate))
    if (prefix === undefined) continue
    const key = unescape(header.slice(prefix.length)).toLowerCase()
    setOwn(extra, key, [...(getOwn(extra, key) ?? []), ...valuesOf(headers, header)])
  }
  return extra
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
