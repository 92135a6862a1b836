/** The parts of a resource path, as paths.ts makes them. */
export interface ParsedPath {
  readonly group: string
  readonly plural: string
  /** The path of all objects of the kind. */
  readonly collection: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string
  /** `namespace/name` of the named object. */
  readonly key: string
  readonly query: URLSearchParams
}

/** Takes `/apis/apps/v1/namespaces/default/replicasets/web/status?x=y` apart. */
export function parsePath(path: string): ParsedPath {
  const [route = '', search = ''] = path.split('?')
  const segments = route.slice(1).split('/').map(decodeURIComponent)
  const isCore = segments.shift() === 'api'
  const group = isCore ? '' : (segments.shift() ?? '')
  const version = segments.shift() ?? ''
  let namespace: string | undefined
  const isNamespaced =
    segments[0] === 'namespaces' && segments.length > 2 && !['status', 'finalize'].includes(segments[2] ?? '')
  if (isNamespaced) {
    namespace = segments[1]
    segments.splice(0, 2)
  }
  const [plural = '', name, ...rest] = segments
  return {
    group,
    plural,
    collection: `${group}/${version}/${plural}`,
    namespace,
    name,
    subresource: rest.join('/'),
    key: namespace ? `${namespace}/${name ?? ''}` : (name ?? ''),
    query: new URLSearchParams(search),
  }
}
