import {
  type Authorize,
  authorizerValue,
  type CelValue,
  encodedObject,
  jsonValue,
  requestResourceValue,
} from '../../../apimachinery/cel/index.ts'
import { apiVersionOf, type Frozen, type KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { AdmissionAttributes } from '../types.ts'
import { hasOwnKind, requestOf, shown } from '../webhooks/review.ts'

/** What a request's variables are, but for those of the authorizer. Made once for all expressions. */
export function requestVariables(
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): Record<string, CelValue> {
  return {
    object: jsonValue(shown(attributes.object, attributes, definition)),
    oldObject: jsonValue(shown(attributes.oldObject, attributes, definition)),
    ...others(attributes, definition),
  }
}

/** The same, read when they are asked for: the objects must stay as they are until the expressions have been evaluated. */
export function lazyRequestVariables(
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): Record<string, CelValue> {
  return {
    object: seen(attributes.object, attributes, definition),
    oldObject: seen(attributes.oldObject, attributes, definition),
    ...others(attributes, definition),
  }
}

function seen(
  object: Frozen<KubeObject> | undefined,
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): CelValue {
  if (!object || !hasOwnKind(attributes) || definition !== attributes.definition)
    return jsonValue(shown(object, attributes, definition))
  const { kind, schema } = definition
  return encodedObject(schema, { ...object, kind, apiVersion: apiVersionOf(definition) })
}

function others(attributes: AdmissionAttributes, definition: ResourceDefinition): Record<string, CelValue> {
  return { request: jsonValue(requestOf('', attributes, definition, NO_OBJECTS)), namespaceObject: null }
}

/** The objects are variables of their own. */
const NO_OBJECTS = { object: null, oldObject: null }

/** The variables through which an expression asks the authorizer. */
export function authorizerVariables(ask: Authorize, attributes: AdmissionAttributes): Record<string, CelValue> {
  const { definition, subresource, namespace, name } = attributes
  const resource = { group: definition.group, resource: definition.plural, subresource, namespace, name }
  return { authorizer: authorizerValue(ask), 'authorizer.requestResource': requestResourceValue(ask, resource) }
}
