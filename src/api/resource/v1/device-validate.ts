import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  type FieldError,
  fieldForbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../apimachinery/status.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import { byteLength, isLabelValue } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, problems } from '../../checks.ts'
import { validateNodeSelector } from '../../core/v1/pod-spec/node-selector.ts'
import type {
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
  DeviceTaint,
} from '../../generated/types/resource/v1.ts'
import { validateBindingConditions } from './binding-conditions.ts'
import { EFFECTS } from './claim-validate.ts'
import { validateItems, validateSet } from './lists.ts'
import { validateAttributeName } from './names.ts'
import { validateRequestPolicy } from './request-policy.ts'

const MAX_NAMED = 32
const MAX_VALUES = 48
const TAINTS = 16
const CONSUMPTIONS = 2
const COUNTERS = 32

/** One device of a slice. */
export function* validateDevice(device: Frozen<Device>, perDevice: boolean, path: string): Iterable<FieldError> {
  const { attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device
  yield* dns1123Label(`${path}.name`, device.name)
  const named = Object.keys(attributes).length + Object.keys(capacity).length
  if (named > MAX_NAMED) {
    yield invalid(path, named, `the total number of attributes and capacities must not exceed ${MAX_NAMED}`)
  }
  const values = Object.values(attributes).reduce((sum, attribute) => sum + valuesOf(attribute), 0)
  if (values > MAX_VALUES) {
    yield invalid(path, values, `the total number of attribute values must not exceed ${MAX_VALUES}`)
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    yield* validateAttributeName(`${path}.attributes`, name)
    yield* validateAttribute(attribute, `${path}.attributes[${name}]`)
  }
  for (const [name, { value, requestPolicy }] of Object.entries(capacity)) {
    yield* validateAttributeName(`${path}.capacity`, name)
    if (!requestPolicy) continue
    const at = `${path}.capacity[${name}].requestPolicy`
    if (device.allowMultipleAllocations) yield* validateRequestPolicy(value, requestPolicy, at)
    else yield fieldForbidden(at, 'allowMultipleAllocations must be true')
  }
  yield* validateItems(taints, TAINTS, validateTaint, `${path}.taints`)
  const countersPath = `${path}.consumesCounters`
  yield* validateSet(consumesCounters, CONSUMPTIONS, validateConsumption, ({ counterSet }) => counterSet, countersPath)
  yield* validateNodes(device, perDevice, path)
  yield* validateBindingConditions(device, path)
}

const valuesOf = ({ bools = [], ints = [], strings = [], versions = [] }: Frozen<DeviceAttribute>): number =>
  Math.max(1, bools.length + ints.length + strings.length + versions.length)

const MAX_VALUE = 64
const ID = '(0|[1-9]\\d*)'
const PRE_RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
const SEMVER = new RegExp(`^${ID}\\.${ID}\\.${ID}(-${PRE_RELEASE}(\\.${PRE_RELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`)

function* validateAttribute(attribute: Frozen<DeviceAttribute>, path: string): Iterable<FieldError> {
  const { string, version, strings = [], versions = [] } = attribute
  if (string !== undefined) yield* validateText(string, `${path}.string`)
  if (version !== undefined) yield* validateVersion(version, `${path}.version`)
  for (const list of ['bools', 'ints', 'strings', 'versions'] as const) {
    if (attribute[list]?.length === 0) yield invalid(`${path}.${list}`, [], 'must not be empty if specified')
  }
  for (const [index, text] of strings.entries()) yield* validateText(text, `${path}.strings[${index}]`)
  for (const [index, text] of versions.entries()) yield* validateVersion(text, `${path}.versions[${index}]`)
  const given = Object.values(attribute).filter((value) => value !== undefined).length
  if (given !== 1)
    yield invalid(path, given === 0 ? '' : shownAttribute(attribute), 'exactly one value must be specified')
}

/** As upstream's own form of an attribute prints. */
const shownAttribute = (attribute: Frozen<DeviceAttribute>): object => ({
  IntValue: attribute.int ?? null,
  BoolValue: attribute.bool ?? null,
  StringValue: attribute.string ?? null,
  VersionValue: attribute.version ?? null,
  IntValues: attribute.ints ?? null,
  BoolValues: attribute.bools ?? null,
  StringValues: attribute.strings ?? null,
  VersionValues: attribute.versions ?? null,
})

function validateText(text: string, field: string): FieldError[] {
  return byteLength(text) > MAX_VALUE ? [tooLong(field, MAX_VALUE)] : []
}

function* validateVersion(version: string, field: string): Iterable<FieldError> {
  if (!SEMVER.test(version)) {
    yield invalid(field, version, 'must be a string compatible with semver.org spec 2.0.0')
  }
  yield* validateText(version, field)
}

function* validateTaint({ key, value = '', effect }: Frozen<DeviceTaint>, path: string): Iterable<FieldError> {
  yield* validateLabelName(key, `${path}.key`)
  if (value) yield* problems(`${path}.value`, value, isLabelValue(value))
  if (!effect) yield required(`${path}.effect`)
  else if (!EFFECTS.includes(effect)) yield notSupported(`${path}.effect`, effect, EFFECTS)
}

function* validateConsumption(
  { counterSet, counters = {} }: Frozen<DeviceCounterConsumption>,
  path: string,
): Iterable<FieldError> {
  if (counterSet) yield* dns1123Label(`${path}.counterSet`, counterSet)
  else yield required(`${path}.counterSet`)
  yield* validateCounters(counters, `${path}.counters`)
}

/** Counters by name. */
export function* validateCounters(counters: Readonly<Record<string, unknown>>, path: string): Iterable<FieldError> {
  const names = Object.keys(counters)
  if (names.length === 0) return yield required(path)
  if (names.length > COUNTERS) yield tooMany(path, names.length, COUNTERS)
  for (const name of names) yield* dns1123Label(path, name)
}

const ONE_NODE_FIELD =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

function* validateNodes(device: Frozen<Device>, perDevice: boolean, path: string): Iterable<FieldError> {
  const { nodeName, nodeSelector, allNodes } = device
  if (!perDevice) {
    const text =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    if (nodeName !== undefined || nodeSelector || allNodes !== undefined) yield invalid(path, null, text)
    return
  }
  const given: string[] = []
  if (nodeName) {
    given.push('`nodeName`')
    yield* dns1123Subdomain(`${path}.nodeName`, nodeName)
  } else if (nodeName !== undefined) yield invalid(`${path}.nodeName`, nodeName, 'must not be empty')
  if (nodeSelector) {
    given.push('`nodeSelector`')
    yield* validateNodeSelector(nodeSelector, `${path}.nodeSelector`)
  }
  if (allNodes) given.push('`allNodes`')
  else if (allNodes !== undefined) yield invalid(`${path}.allNodes`, false, 'must be either unset or set to true')
  if (given.length === 0) yield required(path, ONE_NODE_FIELD)
  if (given.length > 1) yield invalid(path, `{${given.join(', ')}}`, ONE_NODE_FIELD)
}
