import { getOwn } from '../../../lib/own.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, required } from '../../../apimachinery/status.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import { immutableField, sortedKeys, supported } from '../../checks.ts'
import { DEPRECATED_NODE_LABELS } from '../../core/v1/node-labels.ts'
import type { TopologySelectorTerm } from '../../generated/types/core/v1.ts'
import type { StorageClass, VolumeAttributesClass } from '../../generated/types/storage/v1.ts'
import { validateParameters, validateProvisioner } from './parameters.ts'

/** ValidateStorageClass. */
export function* validateStorageClass(storageClass: Frozen<StorageClass>): Iterable<FieldError> {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies = [] } = storageClass
  yield* validateProvisioner(provisioner, 'provisioner')
  yield* validateParameters(parameters, 'parameters')
  yield* supported('reclaimPolicy', reclaimPolicy || undefined, ['Delete', 'Retain'])
  if (volumeBindingMode === undefined) yield required('volumeBindingMode')
  else yield* supported('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'])
  for (const [index, term] of allowedTopologies.entries()) {
    const path = `allowedTopologies[${index}].matchLabelExpressions`
    yield* validateTopology(term, path)
    // Upstream compares with as many empty terms as there are terms, and then with those before.
    const before = [...allowedTopologies.map(() => NO_TOPOLOGY), ...allowedTopologies.slice(0, index).map(topologyOf)]
    for (const other of before) if (other === topologyOf(term)) yield duplicate(path, '')
  }
}

const NO_TOPOLOGY = '[]'

/** The same text for the same keys with the same values, in whatever order. */
function topologyOf({ matchLabelExpressions = [] }: Frozen<TopologySelectorTerm>): string {
  const byKey = new Map(matchLabelExpressions.map(({ key, values }) => [key, [...new Set(values)].sort()]))
  return JSON.stringify([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function* validateTopology(
  { matchLabelExpressions = [] }: Frozen<TopologySelectorTerm>,
  path: string,
): Iterable<FieldError> {
  const keys = new Set<string>()
  for (const [index, { key, values = [] }] of matchLabelExpressions.entries()) {
    const at = `${path}[${index}]`
    if (values.length === 0) yield required(`${at}.values`)
    for (const [i, value] of values.entries()) {
      if (values.indexOf(value) < i) yield duplicate(`${at}.values[${i}]`, value)
    }
    yield* validateLabelName(key, `${at}.key`)
    if (keys.has(key)) yield duplicate(`${at}.key`, key)
    keys.add(key)
  }
}

/** All but how volumes grow, and metadata, stays. */
export function* validateStorageClassUpdate(
  now: Frozen<StorageClass>,
  old: Frozen<StorageClass>,
): Iterable<FieldError> {
  yield* immutableField('parameters', sortedKeys(now.parameters), old.parameters)
  yield* immutableField('provisioner', now.provisioner, old.provisioner)
  yield* immutableField('reclaimPolicy', now.reclaimPolicy, old.reclaimPolicy)
  yield* immutableField('volumeBindingMode', now.volumeBindingMode, old.volumeBindingMode)
}

/** Warnings about labels of nodes that went out of use. */
export function* storageClassWarnings({ allowedTopologies = [] }: Frozen<StorageClass>): Iterable<string> {
  for (const [index, { matchLabelExpressions = [] }] of allowedTopologies.entries()) {
    for (const [i, { key }] of matchLabelExpressions.entries()) {
      const text = getOwn(DEPRECATED_NODE_LABELS, key)
      if (text) yield `allowedTopologies[${index}].matchLabelExpressions[${i}].key: ${text}`
    }
  }
}

/** ValidateVolumeAttributesClass. */
export function* validateAttributesClass(attributes: Frozen<VolumeAttributesClass>): Iterable<FieldError> {
  const { driverName, parameters = {} } = attributes
  yield* validateProvisioner(driverName, 'driverName')
  yield* validateParameters(parameters, 'parameters')
  if (Object.keys(parameters).length === 0) yield required('parameters', 'must contain at least one key/value pair')
}

/** ValidateVolumeAttributesClassUpdate: nothing but metadata changes. */
export function* validateAttributesClassUpdate(
  now: Frozen<VolumeAttributesClass>,
  old: Frozen<VolumeAttributesClass>,
): Iterable<FieldError> {
  if (now.driverName !== old.driverName) yield fieldForbidden('driverName', 'updates to driverName are forbidden.')
  if (!semanticEqual(now.parameters, old.parameters)) {
    yield fieldForbidden('parameters', 'updates to parameters are forbidden.')
  }
  yield* validateAttributesClass(now)
}
