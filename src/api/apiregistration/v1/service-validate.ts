import { goQuote } from '../../../lib/quote.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { isDns1035Label, isPathSegmentName, isPortNumber } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, problems, supported } from '../../checks.ts'
import { base64Length } from '../../core/v1/base64.ts'
import type { APIService } from '../../generated/types/apiregistration/v1.ts'

const MAX_GROUP_PRIORITY = 20_000
const MAX_VERSION_PRIORITY = 1000

/** ValidateAPIService. */
export function* validateApiService({ metadata, spec }: Frozen<APIService>): Iterable<FieldError> {
  const { group = '', version = '', groupPriorityMinimum: byGroup, versionPriority: byVersion } = spec
  const name = metadata.name ?? ''
  const wanted = `${version}.${group}`
  if (name && isPathSegmentName(name).length === 0 && name !== wanted) {
    yield invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${goQuote(wanted)}`)
  }
  if (!group && version !== 'v1') {
    yield required('spec.group', 'only v1 may have an empty group and it better be legacy kube')
  }
  if (group) yield* dns1123Subdomain('spec.group', group)
  yield* problems('spec.version', version, isDns1035Label(version))
  if (byGroup <= 0 || byGroup > MAX_GROUP_PRIORITY) {
    yield invalid('spec.groupPriorityMinimum', byGroup, `must be positive and less than ${MAX_GROUP_PRIORITY}`)
  }
  if (byVersion <= 0 || byVersion > MAX_VERSION_PRIORITY) {
    yield invalid('spec.versionPriority', byVersion, `must be positive and less than ${MAX_VERSION_PRIORITY}`)
  }
  yield* validateService(spec)
}

function* validateService(spec: Frozen<APIService['spec']>): Iterable<FieldError> {
  const { service, caBundle = '', insecureSkipTLSVerify: insecure = false } = spec
  if (!service) {
    const text = 'local APIServices may not have'
    if (caBundle) yield invalid('spec.caBundle', `${base64Length(caBundle)} bytes`, `${text} a caBundle`)
    if (insecure) yield invalid('spec.insecureSkipTLSVerify', insecure, `${text} insecureSkipTLSVerify`)
    return
  }
  if (!service.namespace) yield required('spec.service.namespace')
  if (!service.name) yield required('spec.service.name')
  const { port = 0 } = service
  const wrong = isPortNumber(port)
  if (wrong.length > 0) yield invalid('spec.service.port', port, `port is not valid: ${wrong.join(', ')}`)
  if (insecure && caBundle) {
    yield invalid('spec.insecureSkipTLSVerify', insecure, 'may not be true if caBundle is present')
  }
}

/** ValidateAPIServiceStatusUpdate. */
export function* validateApiServiceStatus({ status }: Frozen<APIService>): Iterable<FieldError> {
  for (const [index, condition] of (status?.conditions ?? []).entries()) {
    yield* supported(`status.conditions[${index}].status`, condition.status, ['True', 'False', 'Unknown'])
  }
}
