import { subjectAccessReviews } from '../../api/authorization/v1/subjectaccessreview.ts'
import { tokenReviews } from '../../api/authentication/v1/tokenreview.ts'
import type { Client } from '../../client/client.ts'
import { Lru } from '../../lib/lru.ts'
import type { Env } from '../../lib/env.ts'
import { nodeAttributes } from './attributes.ts'

/** Who sends a request. */
export interface NodeUser {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
}

/** Says who may ask the node agent what, by asking the API server (upstream's webhook modes). */
export interface NodeAccess {
  /** The user whose bearer token this is; undefined when it is nobody's. */
  userOf(token: string): Promise<NodeUser | undefined>
  /** Undefined when the user may; else the text of the refusal. */
  refusal(user: NodeUser, method: string, path: string): Promise<string | undefined>
}

/** How long answers hold (upstream's defaults): a token's; permission; refusal. */
const TOKEN_MS = 120_000
const ALLOWED_MS = 300_000
const DENIED_MS = 30_000
const CACHE_SIZE = 1024

/** Asks through `client`, and remembers the answers for a while. */
export function webhookAccess(client: Client, env: Env, nodeName: string): NodeAccess {
  const users = expiring<NodeUser | undefined>(env, () => TOKEN_MS)
  const decisions = expiring<boolean>(env, (allowed) => (allowed ? ALLOWED_MS : DENIED_MS))
  const allowed = (user: NodeUser, verb: string, subresource: string): Promise<boolean> =>
    decisions(JSON.stringify([user, verb, subresource]), async () => {
      const review = await client(subjectAccessReviews).create({
        metadata: {},
        spec: {
          user: user.name,
          groups: [...user.groups],
          ...(user.uid !== undefined && { uid: user.uid }),
          resourceAttributes: { verb, group: '', version: 'v1', resource: 'nodes', name: nodeName, subresource },
        },
      })
      return review.status?.allowed === true
    })
  return {
    userOf: (token) =>
      users(token, async () => {
        const { status } = await client(tokenReviews).create({ metadata: {}, spec: { token } })
        if (status?.authenticated !== true) return undefined
        const { username = '', uid, groups = [] } = status.user ?? {}
        return { name: username, groups, ...(uid !== undefined && { uid }) }
      }),
    async refusal(user, method, path) {
      const { verb, subresources, alsoVerb } = nodeAttributes(method, path)
      const refused = async (asked: string): Promise<string | undefined> => {
        for (const subresource of subresources) if (await allowed(user, asked, subresource)) return undefined
        return `Forbidden (user=${user.name}, verb=${asked}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`
      }
      return (await refused(verb)) ?? (alsoVerb === undefined ? undefined : refused(alsoVerb))
    },
  }
}

/** Remembers what `ask` resolved to, for as long as the value says. */
function expiring<T>(env: Env, lifeMs: (value: T) => number): (key: string, ask: () => Promise<T>) => Promise<T> {
  const cache = new Lru<string, { readonly value: T; readonly untilMs: number }>(CACHE_SIZE)
  return async (key, ask) => {
    const known = cache.get(key)
    if (known && known.untilMs > env.clock.monotonic()) return known.value
    const value = await ask()
    cache.set(key, { value, untilMs: env.clock.monotonic() + lifeMs(value) })
    return value
  }
}
