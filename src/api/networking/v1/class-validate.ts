import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, notSupported, required, tooLong } from '../../../apimachinery/status.ts'
import { dns1123Label, domainPrefixedPath, immutableField } from '../../checks.ts'
import type { IngressClass, IngressClassParametersReference } from '../../generated/types/networking/v1.ts'
import { validateLocalReference } from './ingress-validate.ts'

const MAX_CONTROLLER = 250

/** ValidateIngressClass. */
export function* validateIngressClass({ spec }: Frozen<IngressClass>): Iterable<FieldError> {
  const { controller = '', parameters } = spec
  if (controller.length > MAX_CONTROLLER) yield tooLong('spec.controller', MAX_CONTROLLER)
  yield* domainPrefixedPath('spec.controller', controller)
  if (parameters) yield* validateParameters(parameters, 'spec.parameters')
}

function* validateParameters(parameters: Frozen<IngressClassParametersReference>, path: string): Iterable<FieldError> {
  yield* validateLocalReference(parameters, path)
  const { scope, namespace } = parameters
  if (scope === undefined) return yield required(`${path}.scope`)
  if (scope === 'Namespace') {
    if (namespace === undefined) yield required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")
    else yield* dns1123Label(`${path}.namespace`, namespace)
  } else if (scope !== 'Cluster') yield notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])
  else if (namespace !== undefined) {
    yield fieldForbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")
  }
}

/** ValidateIngressClassUpdate: the controller never changes. */
export function* validateIngressClassUpdate(
  now: Frozen<IngressClass>,
  old: Frozen<IngressClass>,
): Iterable<FieldError> {
  yield* immutableField('spec.controller', now.spec?.controller ?? '', old.spec?.controller ?? '')
  yield* validateIngressClass(now)
}
