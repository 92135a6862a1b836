import { badRequest } from '../../apimachinery/status.ts'

/** Where a paged list goes on: the first key of the next page, at which revision (-1: the newest). */
export interface ContinueToken {
  readonly startKey: string
  readonly revision: number
  /** How many entries there are from `startKey` on at that revision, when it is known: so that nobody counts again. */
  readonly remaining?: number | undefined
}

/** Upstream's opaque form: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":…}`, the key relative to the collection; `left` is ours. */
export function encodeContinue({ startKey, revision, remaining }: ContinueToken, prefix: string): string {
  const start = `/${startKey.slice(prefix.length)}`
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start, left: remaining })
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Reads a token back. Throws 400 in upstream's words for anything that this server did not write. */
export function decodeContinue(token: string, prefix: string): ContinueToken {
  const { v, rv, start, left } = parse(token)
  if (v !== 'meta.k8s.io/v1')
    throw invalidToken(`server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`)
  if (!Number.isSafeInteger(rv) || rv === 0) {
    throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken('encoded start key empty (version meta.k8s.io/v1)')
  }
  const relative = start.startsWith('/') ? start.slice(1) : start
  // A key that climbs would leave the collection.
  if (relative.split('/').some((part) => part === '.' || part === '..' || part === '')) {
    throw badRequest(`invalid continue token: continue key is not valid: ${start}`)
  }
  const revision = rv as number
  const isCount = revision > 0 && Number.isSafeInteger(left) && (left as number) > 0
  return { startKey: prefix + relative, revision, ...(isCount && { remaining: left as number }) }
}

function parse(token: string): { v?: unknown; rv?: unknown; start?: unknown; left?: unknown } {
  try {
    const value: unknown = JSON.parse(decoded(token))
    return typeof value === 'object' && value !== null ? value : {}
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const [character = ''] = decoded(token).trimStart()
    throw invalidToken(`invalid character '${character}' looking for beginning of value`)
  }
}

/** Throws 400 for what is no base64url, in the words of Go's decoder. */
function decoded(token: string): string {
  const wrong = token.search(/[^A-Za-z0-9_-]/)
  if (wrong >= 0) throw invalidToken(`illegal base64 data at input byte ${wrong}`)
  if (token.length % 4 === 1) throw invalidToken(`illegal base64 data at input byte ${token.length - 1}`)
  return atob(token.replaceAll('-', '+').replaceAll('_', '/'))
}

const invalidToken = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`)
