import { isPlain, readNodePath } from './node-path.ts'

/** What a request to the node agent needs permission for: a subresource of its node. */
export interface NodeAttributes {
  readonly verb: string
  /** In the order they are tried: any one that is allowed will do. */
  readonly subresources: readonly string[]
  /** A right that is demanded besides. */
  readonly alsoVerb?: string
}

/** Other methods have no verb: nobody is allowed that who is not allowed all. */
const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Paths that need less than everything (KEP-2862, fine-grained kubelet authorization). */
const FINE: readonly { readonly prefix: string; readonly subresource: string; readonly orProxy: boolean }[] = [
  { prefix: '/stats', subresource: 'stats', orProxy: false },
  { prefix: '/metrics', subresource: 'metrics', orProxy: false },
  { prefix: '/logs', subresource: 'log', orProxy: false },
  { prefix: '/checkpoint', subresource: 'checkpoint', orProxy: false },
  { prefix: '/statusz', subresource: 'statusz', orProxy: false },
  { prefix: '/flagz', subresource: 'configz', orProxy: false },
  { prefix: '/pods', subresource: 'pods', orProxy: true },
  { prefix: '/runningpods', subresource: 'pods', orProxy: true },
  { prefix: '/healthz', subresource: 'healthz', orProxy: true },
  { prefix: '/configz', subresource: 'configz', orProxy: true },
]

/** Sessions in containers. A WebSocket comes by GET, which must not turn a right to read into one to run commands. */
const SESSIONS: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward', 'run'])

/** Upstream's NodeAuthorizerAttributesGetter; sessions need the right to create whatever the method, as those of pods do since 1.35. */
export function nodeAttributes(method: string, url: string): NodeAttributes {
  const verb = VERBS[method] ?? ''
  const path = readNodePath(url)
  if (!isPlain(path)) return { verb, subresources: ['proxy'] }
  const { pathname, parts } = path
  const fine = FINE.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
  if (fine) return { verb, subresources: fine.orProxy ? [fine.subresource, 'proxy'] : [fine.subresource] }
  const alsoCreate = verb !== 'create' && SESSIONS.has(parts[0] ?? '')
  return { verb, subresources: ['proxy'], ...(alsoCreate && { alsoVerb: 'create' }) }
}
