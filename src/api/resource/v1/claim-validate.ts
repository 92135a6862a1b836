import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import { isLabelValue } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, immutableField, problems } from '../../checks.ts'
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
} from '../../generated/types/resource/v1.ts'
import { CONFIGS, validateConfiguration, validateSelectors } from './configuration.ts'
import { validateItems, validateSet } from './lists.ts'
import { validateFullName } from './names.ts'
import { RequestNames, validateRequestRefs } from './request-names.ts'

const REQUESTS = 32
const ALTERNATIVES = 8
const CONSTRAINTS = 32

/** ValidateResourceClaim, but for what expressions say. */
export const validateClaim = ({ spec }: Frozen<ResourceClaim>): Iterable<FieldError> => validateClaimSpec(spec, 'spec')

/** What is claimed never changes. */
export const validateClaimUpdate = (now: Frozen<ResourceClaim>, old: Frozen<ResourceClaim>): FieldError[] =>
  immutableField('spec', now.spec, old.spec, 'io.k8s.api.resource.v1.ResourceClaimSpec')

/** Also of templates. */
export function* validateClaimSpec({ devices = {} }: Frozen<ResourceClaimSpec>, path: string): Iterable<FieldError> {
  yield* validateDevices(devices, `${path}.devices`)
}

function* validateDevices(claim: Frozen<DeviceClaim>, path: string): Iterable<FieldError> {
  const names = new RequestNames(claim)
  const { requests = [], constraints = [], config = [] } = claim
  yield* validateSet(requests, REQUESTS, validateRequest, ({ name }) => name, `${path}.requests`)
  const checkConstraint = (constraint: Frozen<DeviceConstraint>, at: string): Iterable<FieldError> =>
    validateConstraint(constraint, names, at)
  yield* validateItems(constraints, CONSTRAINTS, checkConstraint, `${path}.constraints`)
  yield* validateItems(
    config,
    CONFIGS,
    function* (one, at) {
      yield* validateRequestRefs(one.requests ?? [], names, `${at}.requests`)
      yield* validateConfiguration(one, at)
    },
    `${path}.config`,
  )
}

function* validateRequest(request: Frozen<DeviceRequest>, path: string): Iterable<FieldError> {
  const { name, exactly, firstAvailable = [] } = request
  yield* dns1123Label(`${path}.name`, name)
  const one = 'exactly one of `exactly` or `firstAvailable` is required'
  if (firstAvailable.length > 0 && exactly) yield invalid(path, null, `${one}, but multiple fields are set`)
  else if (exactly) yield* validateExact(exactly, `${path}.exactly`)
  else if (firstAvailable.length === 0) yield required(path, one)
  else {
    const at = `${path}.firstAvailable`
    yield* validateSet(firstAvailable, ALTERNATIVES, validateAlternative, (alternative) => alternative.name, at)
  }
}

function* validateAlternative(
  request: Frozen<ExactDeviceRequest & { name: string }>,
  path: string,
): Iterable<FieldError> {
  yield* dns1123Label(`${path}.name`, request.name)
  yield* validateExact(request, path)
}

function* validateExact(request: Frozen<ExactDeviceRequest>, path: string): Iterable<FieldError> {
  const { deviceClassName, selectors = [], allocationMode: mode, count = 0, tolerations = [] } = request
  if (deviceClassName) yield* dns1123Subdomain(`${path}.deviceClassName`, deviceClassName)
  else yield required(`${path}.deviceClassName`)
  yield* validateSelectors(selectors, `${path}.selectors`)
  if (mode === 'All') {
    if (count !== 0) yield invalid(`${path}.count`, count, `must not be specified when allocationMode is '${mode}'`)
  } else if (mode !== 'ExactCount') yield notSupported(`${path}.allocationMode`, mode ?? '', ['All', 'ExactCount'])
  else if (count <= 0) yield invalid(`${path}.count`, count, 'must be greater than zero')
  for (const [index, toleration] of tolerations.entries()) {
    yield* validateToleration(toleration, `${path}.tolerations[${index}]`)
  }
}

/** What a taint on a device may do. */
export const EFFECTS = ['NoExecute', 'NoSchedule', 'None']

function* validateToleration(toleration: Frozen<DeviceToleration>, path: string): Iterable<FieldError> {
  const { key, operator, value = '', effect } = toleration
  if (key) yield* validateLabelName(key, `${path}.key`)
  if (operator === 'Exists') {
    if (value) yield invalid(`${path}.value`, value, 'must be empty for operator `Exists`')
  } else if (operator === 'Equal') yield* problems(`${path}.value`, value, isLabelValue(value))
  else if (!operator) yield required(`${path}.operator`)
  else yield notSupported(`${path}.operator`, operator, ['Equal', 'Exists'])
  if (effect && !EFFECTS.includes(effect)) yield notSupported(`${path}.effect`, effect, EFFECTS)
}

function* validateConstraint(
  { requests = [], matchAttribute, distinctAttribute }: Frozen<DeviceConstraint>,
  names: RequestNames,
  path: string,
): Iterable<FieldError> {
  yield* validateRequestRefs(requests, names, `${path}.requests`)
  if (matchAttribute !== undefined) yield* validateFullName(`${path}.matchAttribute`, matchAttribute)
  else if (distinctAttribute !== undefined) yield* validateFullName(`${path}.distinctAttribute`, distinctAttribute)
  else {
    const text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    yield required(path, text)
  }
}
