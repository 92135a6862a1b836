import {
  type Authorize,
  authorizerValue,
  type CelValue,
  jsonValue,
  requestResourceValue,
} from '../../../apimachinery/cel/index.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { AdmissionAttributes } from '../types.ts'
import { reviewOf } from '../webhooks/review.ts'

/** What a request's variables are, but for those of the authorizer. Made once for all expressions. */
export function requestVariables(
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): Record<string, CelValue> {
  const { request } = reviewOf('v1', '', attributes, definition) as { request: Record<string, unknown> }
  const { object, oldObject, ...rest } = request
  return {
    object: jsonValue(object),
    oldObject: jsonValue(oldObject),
    request: jsonValue({ ...rest, object: null, oldObject: null }),
    namespaceObject: null,
  }
}

/** The variables through which an expression asks the authorizer. */
export function authorizerVariables(ask: Authorize, attributes: AdmissionAttributes): Record<string, CelValue> {
  const { definition, subresource, namespace, name } = attributes
  const resource = { group: definition.group, resource: definition.plural, subresource, namespace, name }
  return { authorizer: authorizerValue(ask), 'authorizer.requestResource': requestResourceValue(ask, resource) }
}
