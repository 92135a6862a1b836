import { forbidden, StatusError } from '../../apimachinery/status.ts'
import type { AuthorizationAttributes } from './types.ts'

/** 403 by an authorizer. */
export class RefusedError extends StatusError {}

/** 403 in upstream's words. */
export function refused(attributes: AuthorizationAttributes, reason: string): StatusError {
  return new RefusedError(refusal(attributes, reason).status)
}

function refusal(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { user, verb, path, namespace, apiGroup, resource, subresource, name } = attributes
  const who = `User ${JSON.stringify(user.name)}`
  const why = reason ? `: ${reason}` : ''
  if (!attributes.resourceRequest) {
    return forbidden({ group: '', resource: '' }, '', `${who} cannot ${verb} path ${JSON.stringify(path)}${why}`)
  }
  const what = subresource ? `${resource}/${subresource}` : resource
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  const text = `${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(apiGroup)} ${where}${why}`
  return forbidden({ group: apiGroup, resource }, name, text)
}
