import { capital } from '../naming.ts'
import { nameParameter, optionsParameters, type Parameter } from '../parameters.ts'
import { type Item } from './item.ts'
import type { Method, Operation } from './operation.ts'
import { operation, type Scope } from './scope.ts'
import { modelOf } from './subresources.ts'

/** HTTP methods by the verbs that a connect subresource allows; a proxy passes all of them on. */
const STREAM_METHODS: readonly Method[] = ['get', 'post']
const PROXY_METHODS: readonly Method[] = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put']

const REST: Parameter = { name: 'path', in: 'path', type: 'string', description: 'path to the resource' }

/** exec, attach, port-forward and proxy: requests that become a stream or go on to someone else. */
export function connectOperations(scope: Scope, item: Item): Operation[] {
  if (item.subresource !== 'proxy') return STREAM_METHODS.map((method) => connect(scope, item, method, false))
  return [false, true].flatMap((withPath) => PROXY_METHODS.map((method) => connect(scope, item, method, withPath)))
}

function connect(scope: Scope, item: Item, method: Method, withPath: boolean): Operation {
  const { subresource, gvk } = item
  const { kind } = scope.definition
  const path = `${scope.collection}/{name}/${subresource}${withPath ? '/{path}' : ''}`
  const suffix = `${capital(method)}${scope.prefix}${kind}${capital(subresource)}${withPath ? 'WithPath' : ''}`
  const description = `connect ${method.toUpperCase()} requests to ${subresource} of ${kind}`
  return {
    ...operation(scope, { method, path, action: 'connect', verb: 'connect', suffix, description }),
    gvk,
    parameters: [
      nameParameter(gvk.kind),
      ...scope.parameters,
      ...(withPath ? [REST] : []),
      ...optionsParameters(modelOf(gvk)),
    ],
    produces: ['*/*'],
    responses: [{ code: 200 }],
  }
}
