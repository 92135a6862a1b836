/** A path of the node agent's server, read once for all who look at it: whoever decides and whoever answers mean the same. */
export interface NodePath {
  /** With its escapes read. */
  readonly pathname: string
  /** What stands between its slashes. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
}

/** A request whose path is no path, or is written in a roundabout way; the latter can be asked for anew. */
export interface UnplainPath {
  readonly status: 400 | 301
  readonly location?: string
}

/**
 * Reads a path with its query. Escapes are read before slashes and dots, as Go's server does; a path with `//`, `.` or `..` in it is
 * answered with a redirect to the plain one, as Go's ServeMux does, before anybody looks at what it asks for.
 */
export function readNodePath(url: string): NodePath | UnplainPath {
  const mark = url.indexOf('?')
  const search = mark < 0 ? '' : url.slice(mark + 1)
  const pathname = unescaped(mark < 0 ? url : url.slice(0, mark))
  if (pathname === undefined || !pathname.startsWith('/')) return { status: 400 }
  const plain = plainPath(pathname)
  if (plain !== pathname) {
    const path = plain.split('/').map(encodeURIComponent).join('/')
    return { status: 301, location: search === '' ? path : `${path}?${search}` }
  }
  return { pathname, parts: pathname.split('/').filter((part) => part !== ''), query: new URLSearchParams(search) }
}

export function isPlain(path: NodePath | UnplainPath): path is NodePath {
  return 'pathname' in path
}

function unescaped(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Go's path.Clean, which keeps a slash at the end. */
function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const plain = `/${parts.join('/')}`
  return path.endsWith('/') && plain !== '/' ? `${plain}/` : plain
}
