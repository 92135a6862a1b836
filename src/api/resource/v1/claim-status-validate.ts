import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required, tooLong, tooMany } from '../../../apimachinery/status.ts'
import { validateInterfaceAddress } from '../../../apimachinery/validation/ip.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, immutableField, oneOf } from '../../checks.ts'
import { validateConditions } from '../../conditions.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'
import { validateNodeSelector } from '../../core/v1/pod-spec/node-selector.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from '../../generated/types/resource/v1.ts'
import { validateBindingConditions } from './binding-conditions.ts'
import { CONFIGS, validateConfiguration, validateRaw } from './configuration.ts'
import { validateItems, validateSet } from './lists.ts'
import { validatePoolName, validateUid } from './names.ts'
import { RequestNames, validateRequestRef, validateRequestRefs } from './request-names.ts'

const CONSUMERS = 256
const RESULTS = 32
const MAX_DATA = 10 * 1024
const MAX_CONDITIONS = 8

type Status = Frozen<ResourceClaimStatus>

/** ValidateResourceClaimStatusUpdate. */
export function* validateClaimStatus(claim: Frozen<ResourceClaim>, old: Frozen<ResourceClaim>): Iterable<FieldError> {
  const { spec, status = {}, metadata } = claim
  const names = new RequestNames(spec.devices ?? {})
  const { reservedFor = [], devices = [], allocation } = status
  yield* validateSet(reservedFor, CONSUMERS, validateConsumer, ({ uid }) => uid, 'status.reservedFor')
  const allocated = new Set((allocation?.devices?.results ?? []).map(idOf))
  const checkDevice = (device: Frozen<AllocatedDeviceStatus>, at: string): Iterable<FieldError> =>
    validateDevice(device, allocated, at)
  yield* validateSet(devices, Infinity, checkDevice, idOf, 'status.devices')
  yield* validateReservations(status, old.status ?? {}, Boolean(metadata.deletionTimestamp))
  const before = old.status?.allocation
  if (before && allocation)
    yield* immutableField('status.allocation', allocation, before, 'io.k8s.api.resource.v1.AllocationResult')
  else if (allocation) yield* validateAllocation(allocation, names, 'status.allocation')
}

const idOf = (device: { driver: string; pool: string; device: string; shareID?: string }): string =>
  [device.driver, device.pool, device.device, ...(device.shareID ? [device.shareID] : [])].join('/')

const shownId = ({ driver, pool, device, shareID = '' }: Frozen<AllocatedDeviceStatus>): object => ({
  Driver: driver,
  Pool: pool,
  Device: device,
  ShareID: shareID,
})

function* validateReservations(status: Status, old: Status, isDeleted: boolean): Iterable<FieldError> {
  const reserved = status.reservedFor ?? []
  const path = 'status.reservedFor'
  if (reserved.length === 0) return
  if (!status.allocation) return yield fieldForbidden(path, 'may not be specified when `allocated` is not set')
  const before = new Set((old.reservedFor ?? []).map((consumer) => JSON.stringify(identity(consumer))))
  if (isDeleted && reserved.some((consumer) => !before.has(JSON.stringify(identity(consumer))))) {
    const text = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
    yield fieldForbidden(path, text)
  }
}

const identity = ({
  apiGroup = '',
  resource,
  name,
  uid,
}: Frozen<ResourceClaimConsumerReference>): readonly string[] => [apiGroup, resource, name, uid]

function* validateConsumer(consumer: Frozen<ResourceClaimConsumerReference>, path: string): Iterable<FieldError> {
  for (const field of ['resource', 'name', 'uid'] as const) if (!consumer[field]) yield required(`${path}.${field}`)
}

function* validateAllocation(
  { devices = {}, nodeSelector }: Frozen<AllocationResult>,
  names: RequestNames,
  path: string,
): Iterable<FieldError> {
  const checkResult = (result: Frozen<DeviceRequestAllocationResult>, at: string): Iterable<FieldError> =>
    validateResult(result, names, at)
  yield* validateItems(devices.results ?? [], RESULTS, checkResult, `${path}.devices.results`)
  yield* validateItems(
    devices.config ?? [],
    2 * CONFIGS,
    function* (config, at) {
      yield* oneOf(`${at}.source`, config.source, ['FromClaim', 'FromClass'])
      yield* validateRequestRefs(config.requests ?? [], names, `${at}.requests`)
      yield* validateConfiguration(config, at)
    },
    `${path}.devices.config`,
  )
  if (nodeSelector) yield* validateNodeSelector(nodeSelector, `${path}.nodeSelector`)
}

function* validateResult(
  result: Frozen<DeviceRequestAllocationResult>,
  names: RequestNames,
  path: string,
): Iterable<FieldError> {
  yield* validateRequestRef(result.request, names, `${path}.request`)
  yield* validateDriverName(`${path}.driver`, result.driver)
  yield* validatePoolName(`${path}.pool`, result.pool)
  yield* dns1123Label(`${path}.device`, result.device)
  yield* validateBindingConditions(result, path)
  if (result.shareID !== undefined) yield* validateUid(`${path}.shareID`, result.shareID)
}

function* validateDevice(
  device: Frozen<AllocatedDeviceStatus>,
  allocated: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  const { conditions = [], data, networkData } = device
  yield* validateDriverName(`${path}.driver`, device.driver)
  yield* validatePoolName(`${path}.pool`, device.pool)
  yield* dns1123Label(`${path}.device`, device.device)
  if (device.shareID !== undefined) yield* validateUid(`${path}.shareID`, device.shareID)
  if (!allocated.has(idOf(device))) yield invalid(path, shownId(device), 'must be an allocated device in the claim')
  if (conditions.length > MAX_CONDITIONS) yield tooMany(`${path}.conditions`, conditions.length, MAX_CONDITIONS)
  yield* validateConditions(conditions, `${path}.conditions`)
  if (data !== undefined) yield* validateRaw(data, MAX_DATA, `${path}.data`)
  if (networkData) yield* validateNetworkData(networkData, `${path}.networkData`)
}

const MAX_INTERFACE = 256
const MAX_HARDWARE = 128
const IPS = 16

function* validateNetworkData(
  { interfaceName = '', hardwareAddress = '', ips = [] }: Frozen<NetworkDeviceData>,
  path: string,
): Iterable<FieldError> {
  if (byteLength(interfaceName) > MAX_INTERFACE) yield tooLong(`${path}.interfaceName`, MAX_INTERFACE)
  if (byteLength(hardwareAddress) > MAX_HARDWARE) yield tooLong(`${path}.hardwareAddress`, MAX_HARDWARE)
  const check = (ip: string, at: string): FieldError[] => validateInterfaceAddress(at, ip)
  yield* validateSet(ips, IPS, check, (ip) => ip, `${path}.ips`)
}
