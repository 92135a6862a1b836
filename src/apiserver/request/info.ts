/** What a path and method ask for: upstream's RequestInfo, the same rules. */
export interface RequestInfo {
  readonly isResource: boolean
  /** A resource verb (get, list, watch, create…) or, for other paths, the method in lower case. */
  readonly verb: string
  readonly path: string
  /** `api` or `apis`; empty for other paths. */
  readonly prefix: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly name: string
  /** Whether the name is the path's own; a list has that of its selector. */
  readonly named: boolean
  readonly subresource: string
  /** The old way to watch and to proxy: the word stands before the resource. */
  readonly legacy: boolean
  /** What follows the subresource: the path to proxy to. Keeps its encoding; no leading slash. */
  readonly rest: string
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** The first segments below a namespace's name that are its subresources, not resources in it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize'])

/** Reads `path` (without query). `query` decides between list and watch. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const raw = splitPath(path)
  const parts = path.includes('%') ? splitPath(decode(path)) : raw
  const prefix = parts[0] ?? ''
  const base = prefix === 'api' ? 1 : prefix === 'apis' ? 2 : 0
  if (base === 0 || parts.length < base + 2) return nonResource(method, path)
  const group = base === 2 ? (parts[1] ?? '') : ''
  const version = parts[base] ?? ''
  let at = base + 1
  let verb = VERBS[method] ?? ''
  const special = parts[at] === 'watch' || parts[at] === 'proxy' ? parts[at] : undefined
  if (special !== undefined) {
    verb = special
    at++
  }
  let namespace = ''
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1] ?? ''
    const next = parts[at + 2]
    if (next !== undefined && !NAMESPACE_SUBRESOURCES.has(next)) at += 2
  }
  let name = parts[at + 1] ?? ''
  const named = name !== ''
  const subresource = special === undefined ? (parts[at + 2] ?? '') : ''
  const beyond = at + (special === undefined ? 3 : 2)
  if (name === '' && verb === 'get') {
    verb = isTrue(query.get('watch')) ? 'watch' : 'list'
    name = selectedName(query)
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection'
  return {
    isResource: true,
    verb,
    path,
    prefix,
    group,
    version,
    namespace,
    resource: parts[at] ?? '',
    name,
    named,
    subresource,
    legacy: special !== undefined,
    rest: parts.length > beyond ? restOf(path, raw, beyond) : '',
  }
}

function nonResource(method: string, path: string): RequestInfo {
  const none = { prefix: '', group: '', version: '', namespace: '', resource: '', name: '', subresource: '', rest: '' }
  return { isResource: false, verb: method.toLowerCase(), path, legacy: false, named: false, ...none }
}

function splitPath(path: string): string[] {
  let start = 0
  let end = path.length
  while (start < end && path.charCodeAt(start) === 47) start++
  while (end > start && path.charCodeAt(end - 1) === 47) end--
  return start === end ? [] : path.slice(start, end).split('/')
}

/** The path from part `from` on, with its trailing slash, which proxied servers care about. */
function restOf(path: string, parts: readonly string[], from: number): string {
  const rest = parts.slice(from).join('/')
  return path.endsWith('/') ? `${rest}/` : rest
}

/** The path with its escapes read: an escaped slash parts names as any other, as upstream. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return path
    throw error
  }
}

/** Whether Go's server would take this path: every percent sign begins an escape. */
export function isWellFormed(path: string): boolean {
  return !path.includes('%') || !/%(?![0-9a-f]{2})/i.test(path)
}

/** Go's conversion of a query value to a boolean: anything but absent, "false" and "0" is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

/** A list or watch of exactly one name is authorized with that name. */
function selectedName(query: URLSearchParams): string {
  const selector = query.get('fieldSelector')
  if (!selector) return ''
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!].*)$/.exec(term)
    const value = match?.[1] ?? ''
    if (value !== '' && value !== '.' && value !== '..' && !/[/%]/.test(value)) return value
  }
  return ''
}
