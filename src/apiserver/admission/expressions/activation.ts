import {
  type Authorize,
  authorizerValue,
  type CelValue,
  jsonValue,
  requestResourceValue,
} from '../../../apimachinery/cel/index.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { AdmissionAttributes } from '../types.ts'
import { requestOf, shown } from '../webhooks/review.ts'

/** What a request's variables are, but for those of the authorizer. Made once for all expressions. */
export function requestVariables(
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): Record<string, CelValue> {
  return {
    object: jsonValue(shown(attributes.object, attributes, definition)),
    oldObject: jsonValue(shown(attributes.oldObject, attributes, definition)),
    request: jsonValue(requestOf('', attributes, definition, NO_OBJECTS)),
    namespaceObject: null,
  }
}

/** The objects are variables of their own. */
const NO_OBJECTS = { object: null, oldObject: null }

/** The variables through which an expression asks the authorizer. */
export function authorizerVariables(ask: Authorize, attributes: AdmissionAttributes): Record<string, CelValue> {
  const { definition, subresource, namespace, name } = attributes
  const resource = { group: definition.group, resource: definition.plural, subresource, namespace, name }
  return { authorizer: authorizerValue(ask), 'authorizer.requestResource': requestResourceValue(ask, resource) }
}
