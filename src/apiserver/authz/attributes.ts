import type { Call } from '../request/call.ts'
import type { AuthorizationAttributes } from './types.ts'

/** The verbs whose selectors count: what they do is for what the selectors choose alone. */
const SELECTING: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

/** What the authorizer is asked for a request (upstream's GetAuthorizerAttributes). */
export function authorizationAttributes(call: Call): AuthorizationAttributes {
  const { info, user, query } = call
  // The old paths of watches and proxies have the verb of their first word, whatever comes after.
  const selects = query.size > 0 && info.isResource && !info.legacy && SELECTING.has(info.verb)
  const attributes = {
    user,
    verb: info.verb,
    resourceRequest: info.isResource,
    path: info.path,
    namespace: info.namespace,
    apiGroup: info.group,
    apiVersion: info.version,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    caller: call,
  }
  if (!selects) return attributes
  const fieldSelector = query.get('fieldSelector')
  const labelSelector = query.get('labelSelector')
  return { ...attributes, ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) }
}
