import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { dns1123Label, dns1123Subdomain, immutableField } from '../../checks.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'
import { internalForm } from '../../internal-form.ts'
import { validateNodeSelector } from '../../core/v1/pod-spec/node-selector.ts'
import type { CounterSet, Device, ResourceSlice, ResourceSliceSpec } from '../../generated/types/resource/v1.ts'
import { validateCounters, validateDevice } from './device-validate.ts'
import { validateSet } from './lists.ts'
import { validatePoolName } from './names.ts'

const DEVICES = 128
const ADVANCED_DEVICES = 64
const COUNTER_SETS = 8

/** ValidateResourceSlice; mappings to node resources are not looked at. */
export const validateSlice = ({ spec }: Frozen<ResourceSlice>): Iterable<FieldError> => validateSliceSpec(spec)

/** ValidateResourceSliceUpdate: whose the devices are never changes. */
export const validateSliceUpdate = (now: Frozen<ResourceSlice>, old: Frozen<ResourceSlice>): Iterable<FieldError> =>
  validateSliceSpec(now.spec, old.spec)

function* validateSliceSpec(spec: Frozen<ResourceSliceSpec>, old?: Frozen<ResourceSliceSpec>): Iterable<FieldError> {
  yield* validateDriverName('spec.driver', spec.driver)
  const { name, generation, resourceSliceCount } = spec.pool
  yield* validatePoolName('spec.pool.name', name)
  if (resourceSliceCount <= 0) {
    yield invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero')
  }
  if (generation < 0) yield invalid('spec.pool.generation', generation, 'must be greater than or equal to zero')
  if (old) {
    yield* immutableField('spec.pool.name', spec.pool.name, old.pool.name)
    yield* immutableField('spec.driver', spec.driver, old.driver)
    yield* immutableField('spec.nodeName', spec.nodeName, old.nodeName)
  }
  yield* validateNodes(spec)
  const { devices, sharedCounters } = spec
  if (devices && sharedCounters) yield invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')
  const max = (devices ?? []).some(isAdvanced) ? ADVANCED_DEVICES : DEVICES
  const perDevice = spec.perDeviceNodeSelection ?? false
  const check = (device: Frozen<Device>, at: string): Iterable<FieldError> => validateDevice(device, perDevice, at)
  yield* validateSet(devices ?? [], max, check, (device) => device.name, 'spec.devices')
  const counterPath = 'spec.sharedCounters'
  yield* validateSet(sharedCounters ?? [], COUNTER_SETS, validateCounterSet, (set) => set.name, counterPath)
}

const LISTS = ['bools', 'ints', 'strings', 'versions'] as const

/** Devices with taints, counters or lists of values are costly: there may be fewer of them. */
const isAdvanced = ({ taints = [], consumesCounters = [], attributes = {} }: Frozen<Device>): boolean =>
  taints.length > 0 ||
  consumesCounters.length > 0 ||
  Object.values(attributes).some((attribute) => LISTS.some((list) => attribute[list] !== undefined))

function* validateNodes(spec: Frozen<ResourceSliceSpec>): Iterable<FieldError> {
  const { nodeName, nodeSelector } = spec
  const given: string[] = []
  if (nodeName === '') yield invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string')
  else if (nodeName !== undefined) {
    given.push('`nodeName`')
    yield* dns1123Subdomain('spec.nodeName', nodeName)
  }
  if (nodeSelector) {
    given.push('`nodeSelector`')
    yield* validateNodeSelector(nodeSelector, 'spec.nodeSelector')
    const terms = nodeSelector.nodeSelectorTerms
    const field = 'spec.nodeSelector.nodeSelectorTerms'
    if ((terms ?? []).length !== 1) {
      const shown = terms?.map((term) => internalForm('io.k8s.api.core.v1.NodeSelectorTerm', term))
      yield invalid(field, shown, 'must have exactly one node selector term')
    }
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[name]) given.push(`\`${name}\``)
    else if (spec[name] !== undefined) yield invalid(`spec.${name}`, false, 'must be either unset or set to true')
  }
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  if (given.length === 0) yield required('spec', one)
  if (given.length > 1) yield invalid('spec', `{${given.join(', ')}}`, `${one}, but multiple fields are set`)
}

function* validateCounterSet({ name, counters = {} }: Frozen<CounterSet>, path: string): Iterable<FieldError> {
  if (name) yield* dns1123Label(`${path}.name`, name)
  else yield required(`${path}.name`)
  yield* validateCounters(counters, `${path}.counters`)
}
