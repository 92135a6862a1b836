import type { RequestInfo } from '../request/info.ts'

/** Subresources whose answers last as long as what they tell of. */
const CONNECTIONS: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

/** Whether a request makes a connection that lasts: it is not counted. Watches are not among them: they have a beginning that is. */
export function isConnection({ verb, isResource, subresource, path }: RequestInfo): boolean {
  if (verb === 'proxy') return true
  if (isResource) return verb !== 'watch' && CONNECTIONS.has(subresource)
  return path.startsWith('/debug/pprof/')
}
