type Json = Record<string, unknown>

const SHARED = ['items', 'rows', 'groups', 'resources']

/** What a step compares of an answer that others' things may stand in: not which they are. Documents are compared by their kind alone. */
export const modest =
  (path: string) =>
  (body: unknown): unknown => {
    if (typeof body === 'string') return body.length > 2000 ? '<long>' : body
    if (typeof body !== 'object' || body === null) return body
    if ('yaml' in body) return { yaml: (body.yaml as unknown[]).map(modest(path)) }
    if ('protobuf' in body) return { protobuf: modest(path)(body.protobuf) }
    if ('gitVersion' in body) return '<version>'
    if ('jwks_uri' in body) return { ...body, jwks_uri: '<some>' }
    if ('keys' in body) return '<keys>'
    if ('paths' in body || 'openapi' in body || 'swagger' in body) return '<document>'
    return path.includes('$ns/') ? body : withoutOthers(body as Json)
  }

function withoutOthers(body: Json): Json {
  if (!SHARED.some((field) => Array.isArray(body[field])) || String(body['kind']).includes('Resource')) return body
  const { remainingItemCount: _count, continue: _more, ...metadata } = (body['metadata'] ?? {}) as Json
  return {
    ...body,
    metadata,
    ...Object.fromEntries(SHARED.flatMap((field) => (field in body ? [[field, '<some>']] : []))),
  }
}
