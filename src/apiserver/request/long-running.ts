import type { RequestInfo } from './info.ts'

/** Subresources whose answers last as long as what they tell of. */
const SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

/** Whether a request lasts as long as its client likes (upstream's BasicLongRunningRequestCheck). */
export function isLongRunning({ isResource, verb, subresource, path }: RequestInfo): boolean {
  if (!isResource) return path.startsWith('/debug/pprof/')
  return verb === 'watch' || verb === 'proxy' || SUBRESOURCES.has(subresource)
}
