/** What a request to the node agent needs permission for: a subresource of its node. */
export interface NodeAttributes {
  readonly verb: string
  /** In the order they are tried: any one that is allowed will do. */
  readonly subresources: readonly string[]
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
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
  { prefix: '/pods', subresource: 'pods', orProxy: true },
  { prefix: '/runningpods', subresource: 'pods', orProxy: true },
  { prefix: '/healthz', subresource: 'healthz', orProxy: true },
  { prefix: '/configz', subresource: 'configz', orProxy: true },
]

/** Upstream's NodeAuthorizerAttributesGetter. */
export function nodeAttributes(method: string, path: string): NodeAttributes {
  const verb = VERBS[method] ?? method.toLowerCase()
  const [pathname = ''] = path.split('?')
  const fine = FINE.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
  if (!fine) return { verb, subresources: ['proxy'] }
  return { verb, subresources: fine.orProxy ? [fine.subresource, 'proxy'] : [fine.subresource] }
}
