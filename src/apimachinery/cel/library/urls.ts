import { goQuote } from '../../../lib/quote.ts'
import { BOOL, listType, mapType, STRING } from '../check/types.ts'
import { ArrayList, CelError, type CelValue, noSuchOverload, Opaque, ValueMap } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, overload } from './functions.ts'
import { URL_TYPE } from './types.ts'

/** The parts of a URL as Go's net/url splits it. */
interface UrlParts {
  readonly text: string
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

class UrlValue extends Opaque {
  readonly type = URL_TYPE
  readonly parts: UrlParts
  constructor(parts: UrlParts) {
    super()
    this.parts = parts
  }
  equals(other: CelValue): boolean | CelError {
    return other instanceof UrlValue ? this.parts.text === other.parts.text : noSuchOverload
  }
}

/** What a text is not a URL for. */
export class UrlError extends Error {
  /** Without the text. */
  readonly problem: string
  constructor(text: string, problem: string) {
    super(`parse ${goQuote(text)}: ${problem}`)
    this.problem = problem
  }
}

/** Reads an absolute URL or an absolute path, as in a request. Throws UrlError in Go's words. */
export function parseRequestUri(text: string, request = true): UrlParts {
  // eslint-disable-next-line no-control-regex -- these are the characters refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlError(text, 'net/url: invalid control character in URL')
  if (text === '') throw new UrlError(text, 'empty url')
  const { scheme, rest } = splitScheme(text)
  const question = rest.indexOf('?')
  const query = question < 0 ? '' : rest.slice(question + 1)
  const before = question < 0 ? rest : rest.slice(0, question)
  if (!before.startsWith('/')) {
    if (scheme === '') throw new UrlError(text, 'invalid URI for request')
    return { text, scheme, host: '', path: '', query }
  }
  const authority = scheme !== '' || (!request && !before.startsWith('///'))
  if (!authority || !before.startsWith('//')) {
    return { text, scheme, host: '', path: checkedPath(text, before), query }
  }
  const slash = before.indexOf('/', 2)
  const server = slash < 0 ? before.slice(2) : before.slice(2, slash)
  const path = slash < 0 ? '' : before.slice(slash)
  const host = server.slice(server.lastIndexOf('@') + 1)
  checkHost(text, host)
  return { text, scheme, host, path: checkedPath(text, path), query }
}

function splitScheme(text: string): { scheme: string; rest: string } {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]
  if (scheme !== undefined) return { scheme: scheme.toLowerCase(), rest: text.slice(scheme.length + 1) }
  if (text.startsWith(':')) throw new UrlError(text, 'missing protocol scheme')
  return { scheme: '', rest: text }
}

function badEscape(text: string): string | undefined {
  const escape = /%(?![0-9A-Fa-f]{2})/.exec(text)
  return escape === null ? undefined : text.slice(escape.index, escape.index + 3)
}

function checkedPath(text: string, path: string): string {
  const escape = badEscape(path)
  if (escape !== undefined) throw new UrlError(text, `invalid URL escape ${goQuote(escape)}`)
  return path
}

function checkHost(text: string, host: string): void {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) throw new UrlError(text, "missing ']' in host")
    checkPort(text, host.slice(end + 1))
    return
  }
  const colon = host.lastIndexOf(':')
  if (colon >= 0) checkPort(text, host.slice(colon))
  const wrong = /[^A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.exec(host)?.[0]
  if (wrong !== undefined) throw new UrlError(text, `invalid character ${goQuote(wrong)} in host name`)
  const escape = badEscape(host)
  if (escape !== undefined) throw new UrlError(text, `invalid URL escape ${goQuote(escape)}`)
}

function checkPort(text: string, port: string): void {
  if (port !== '' && !/^:\d*$/.test(port)) throw new UrlError(text, `invalid port ${goQuote(port)} after host`)
}

const COMPLAINT = 'URL parse error during conversion from string: '

/** A fragment is no part of a request, but may be part of a URL. */
const withoutFragment = (text: string): string => (text.includes('#') ? text.slice(0, text.indexOf('#')) : text)

function toUrl(text: CelValue | undefined): CelValue {
  if (typeof text !== 'string') return noSuchOverload
  try {
    parseRequestUri(text)
    return new UrlValue({ ...parseRequestUri(withoutFragment(text), false), text })
  } catch (error) {
    if (!(error instanceof UrlError)) throw error
    return new CelError(COMPLAINT + error.message)
  }
}

function onUrl(act: (parts: UrlParts) => CelValue): Implementation {
  return (value) => (value instanceof UrlValue ? act(value.parts) : noSuchOverload)
}

function splitHost(host: string): { name: string; port: string } {
  const match = /^(.*?)(?::(\d*))?$/.exec(host)
  const name = host.startsWith('[') ? host.slice(1, host.lastIndexOf(']')) : (match?.[1] ?? '')
  const port = host.startsWith('[') ? /\]:(\d*)$/.exec(host)?.[1] : match?.[2]
  return { name, port: port ?? '' }
}

/** Characters of a path that Go leaves as they are. */
function escapedPath(path: string): string {
  if (!/[^A-Za-z0-9\-._~$&+,/:;=@!'()*[\]%]/.test(path)) return path
  const decoded = decodeURIComponent(path)
  return encodeURI(decoded).replace(/[!'()*?#[\]]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function queryOf(query: string): CelValue {
  const values = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const key = unescapeQuery(equals < 0 ? pair : pair.slice(0, equals))
    const value = unescapeQuery(equals < 0 ? '' : pair.slice(equals + 1))
    if (key === undefined || value === undefined) continue
    values.set(key, [...(values.get(key) ?? []), value])
  }
  return new ValueMap([...values].map(([key, list]) => [key, new ArrayList(list)] as const))
}

function unescapeQuery(text: string): string | undefined {
  if (badEscape(text) !== undefined) return undefined
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return undefined
  }
}

/** Kubernetes' URLs. */
export const urlLibrary: readonly FunctionDecl[] = [
  fn('url', overload('string_to_url', [STRING], URL_TYPE, toUrl)),
  fn(
    'getScheme',
    member(
      'url_get_scheme',
      [URL_TYPE],
      STRING,
      onUrl(({ scheme }) => scheme),
    ),
  ),
  fn(
    'getHost',
    member(
      'url_get_host',
      [URL_TYPE],
      STRING,
      onUrl(({ host }) => host),
    ),
  ),
  fn(
    'getHostname',
    member(
      'url_get_hostname',
      [URL_TYPE],
      STRING,
      onUrl(({ host }) => splitHost(host).name),
    ),
  ),
  fn(
    'getPort',
    member(
      'url_get_port',
      [URL_TYPE],
      STRING,
      onUrl(({ host }) => splitHost(host).port),
    ),
  ),
  fn(
    'getEscapedPath',
    member(
      'url_get_escaped_path',
      [URL_TYPE],
      STRING,
      onUrl(({ path }) => escapedPath(path)),
    ),
  ),
  fn(
    'getQuery',
    member(
      'url_get_query',
      [URL_TYPE],
      mapType(STRING, listType(STRING)),
      onUrl(({ query }) => queryOf(query)),
    ),
  ),
  fn(
    'isURL',
    overload('is_url_string', [STRING], BOOL, (text) => toUrl(text) instanceof UrlValue),
  ),
]
