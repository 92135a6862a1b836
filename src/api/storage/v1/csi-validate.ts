import { getOwn } from '../../../lib/own.ts'
import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import {
  dns1123Subdomain,
  immutableField,
  nonNegative,
  nonNegativeQuantity,
  qualifiedName,
  supported,
} from '../../checks.ts'
import { DEPRECATED_NODE_LABELS } from '../../core/v1/node-labels.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  TokenRequest,
} from '../../generated/types/storage/v1.ts'

/** ValidateCSIDriver. What has a default is never absent. */
export function* validateDriver({ spec }: Frozen<CSIDriver>): Iterable<FieldError> {
  yield* supported('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'])
  yield* validateTokenRequests(spec.tokenRequests ?? [], 'spec.tokenRequests')
  const modes = ['Persistent', 'Ephemeral']
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!modes.includes(mode)) yield notSupported('spec.volumeLifecycleModes', mode, modes)
  }
  const { nodeAllocatableUpdatePeriodSeconds: period, serviceAccountTokenInSecrets: inSecrets } = spec
  if (period !== undefined && period < 10) {
    yield invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds')
  }
  if (inSecrets !== undefined && (spec.tokenRequests ?? []).length === 0) {
    const text = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'
    yield invalid('spec.serviceAccountTokenInSecrets', inSecrets, text)
  }
}

const SHORTEST = 600
const LONGEST = 2 ** 32

function* validateTokenRequests(requests: readonly Frozen<TokenRequest>[], path: string): Iterable<FieldError> {
  const audiences = new Set<string>()
  for (const [index, { audience, expirationSeconds: seconds }] of requests.entries()) {
    const at = `${path}[${index}]`
    if (audiences.has(audience)) {
      yield duplicate(`${at}.audience`, audience)
      continue
    }
    audiences.add(audience)
    if (seconds === undefined) continue
    const field = `${at}.expirationSeconds`
    if (seconds < SHORTEST) yield invalid(field, seconds, 'may not specify a duration less than 10 minutes')
    if (seconds > LONGEST) yield invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')
  }
}

/** How a driver attaches, and for whom, never changes. */
export function* validateDriverUpdate(
  { spec }: Frozen<CSIDriver>,
  { spec: old }: Frozen<CSIDriver>,
): Iterable<FieldError> {
  yield* immutableField('spec.attachedRequired', spec.attachRequired, old.attachRequired)
  yield* immutableField('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.volumeLifecycleModes)
}

const MAX_NODE_ID = 256

/** ValidateCSINode. */
export function* validateCsiNode({ spec }: Frozen<CSINode>): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, driver] of (spec.drivers ?? []).entries()) {
    yield* validateNodeDriver(driver, names, `spec.drivers[${index}]`)
    names.add(driver.name)
  }
}

function* validateNodeDriver(
  { name, nodeID, allocatable, topologyKeys = [] }: Frozen<CSINodeDriver>,
  names: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  yield* validateDriverName(`${path}.name`, name)
  if (!nodeID) yield required(`${path}.nodeID`)
  if (nodeID.length > MAX_NODE_ID) yield invalid(`${path}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`)
  yield* nonNegative(`${path}.allocatable.count`, allocatable?.count)
  if (names.has(name)) yield duplicate(`${path}.name`, name)
  for (const [index, key] of topologyKeys.entries()) {
    if (!key) yield required(path)
    if (topologyKeys.indexOf(key) < index) yield duplicate(path, key)
    yield* qualifiedName(path, key)
  }
}

/** A driver that stays changes nothing but how much it can attach. */
export function* validateCsiNodeUpdate(
  { spec }: Frozen<CSINode>,
  { spec: old }: Frozen<CSINode>,
): Iterable<FieldError> {
  const fixed = (driver: Frozen<CSINodeDriver>): Frozen<CSINodeDriver> => ({ ...driver, allocatable: undefined })
  for (const before of old.drivers ?? []) {
    for (const driver of spec.drivers ?? []) {
      if (before.name === driver.name)
        yield* immutableField('spec.drivers', fixed(driver), fixed(before), 'io.k8s.api.storage.v1.CSINodeDriver')
    }
  }
}

/** ValidateCSIStorageCapacity. */
export function* validateCapacity(capacity: Frozen<CSIStorageCapacity>): Iterable<FieldError> {
  yield* validateLabelSelector(capacity.nodeTopology, 'nodeTopology')
  yield* dns1123Subdomain('storageClassName', capacity.storageClassName)
  yield* nonNegativeQuantity('capacity', capacity.capacity)
}

/** What the capacity is of never changes. */
export function* validateCapacityUpdate(
  now: Frozen<CSIStorageCapacity>,
  old: Frozen<CSIStorageCapacity>,
): Iterable<FieldError> {
  yield* immutableField('nodeTopology', now.nodeTopology, old.nodeTopology)
  yield* immutableField('storageClassName', now.storageClassName, old.storageClassName)
}

/** Warnings about labels of nodes that went out of use. */
export function* capacityWarnings({ nodeTopology = {} }: Frozen<CSIStorageCapacity>): Iterable<string> {
  for (const [index, { key }] of (nodeTopology.matchExpressions ?? []).entries()) {
    const text = getOwn(DEPRECATED_NODE_LABELS, key)
    if (text) yield `nodeTopology.matchExpressions[${index}].key: ${key} is ${text}`
  }
  for (const key of Object.keys(nodeTopology.matchLabels ?? {})) {
    if (getOwn(DEPRECATED_NODE_LABELS, key))
      yield `nodeTopology.matchLabels.${key}: ${getOwn(DEPRECATED_NODE_LABELS, key)}`
  }
}
