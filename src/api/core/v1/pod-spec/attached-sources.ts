import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required, tooLong } from '../../../../apimachinery/status.ts'
import { isDns1123Subdomain } from '../../../../apimachinery/validation/names.ts'
import { dns1123Label, inclusiveRange, present, problems, supported } from '../../../checks.ts'
import type {
  AzureDiskVolumeSource,
  CephFSVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GlusterfsVolumeSource,
  ISCSIPersistentVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '../../../generated/types/core/v1.ts'

/** Rules of volume sources that stand in pods and in PersistentVolumes. */

const inByte = (field: string, value: number | undefined, text: string): FieldError[] =>
  value !== undefined && (value < 0 || value > 255) ? [invalid(field, value, text)] : []

/** A cloud's disk: its id, and a partition. */
export const validateDisk = (id: string, field: string, partition: number | undefined, path: string): FieldError[] => [
  ...present(`${path}.${field}`, id),
  ...inByte(`${path}.partition`, partition, inclusiveRange(1, 255)),
]

export function* validateNfs({ server, path: exported }: Frozen<NFSVolumeSource>, path: string): Iterable<FieldError> {
  yield* present(`${path}.server`, server)
  yield* present(`${path}.path`, exported)
  if (!exported.startsWith('/')) yield invalid(`${path}.path`, exported, 'must be an absolute path')
}

const IQN = /iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$/
const EUI = /^eui.[0-9A-Za-z]{16}$/
const NAA = /^naa.[0-9A-Za-z]{32}$/

function iscsiNameProblem(name: string, ofVolume: boolean): string | undefined {
  const rule = name.startsWith('iqn') ? IQN : name.startsWith('eui') ? EUI : name.startsWith('naa') ? NAA : undefined
  if (!rule && !ofVolume) return 'must be valid format starting with iqn, eui, or naa'
  return rule?.test(name) ? undefined : 'must be valid format'
}

export function* validateIscsi(
  iscsi: Frozen<ISCSIVolumeSource | ISCSIPersistentVolumeSource>,
  path: string,
  ofVolume = false,
): Iterable<FieldError> {
  yield* present(`${path}.targetPortal`, iscsi.targetPortal)
  const { iqn, lun, initiatorName, secretRef } = iscsi
  if (!iqn) yield required(`${path}.iqn`)
  else {
    const problem = iscsiNameProblem(iqn, ofVolume)
    if (problem) yield invalid(`${path}.iqn`, iqn, problem)
  }
  yield* inByte(`${path}.lun`, lun, inclusiveRange(0, 255))
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !secretRef) yield required(`${path}.secretRef`)
  if (initiatorName === undefined) return
  const problem = iscsiNameProblem(initiatorName, ofVolume)
  if (problem) yield invalid(`${path}.initiatorname`, initiatorName, problem)
}

export function* validateFc(
  { targetWWNs = [], wwids = [], lun }: Frozen<FCVolumeSource>,
  path: string,
): Iterable<FieldError> {
  const field = `${path}.targetWWNs`
  if (targetWWNs.length + wwids.length === 0) {
    yield required(field, 'must specify either targetWWNs or wwids, but not both')
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    yield invalid(field, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')
  }
  if (targetWWNs.length === 0) return
  if (lun === undefined) yield required(`${path}.lun`, 'lun is required if targetWWNs is specified')
  else yield* inByte(`${path}.lun`, lun, inclusiveRange(0, 255))
}

const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas'

export function* validateQuobyte(
  { registry, tenant = '', volume }: Frozen<QuobyteVolumeSource>,
  path: string,
): Iterable<FieldError> {
  if (!registry) yield required(`${path}.registry`, HOST_PORTS)
  else if (tenant.length >= 65) {
    yield required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')
  } else {
    for (const pair of registry.split(',')) {
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) yield invalid(`${path}.registry`, registry, HOST_PORTS)
    }
  }
  yield* present(`${path}.volume`, volume)
}

export const validateGlusterfs = (
  { endpoints, path: brick }: Frozen<GlusterfsVolumeSource>,
  path: string,
): FieldError[] => [...present(`${path}.endpoints`, endpoints), ...present(`${path}.path`, brick)]

export function* validateFlocker(
  { datasetName, datasetUUID }: Frozen<FlockerVolumeSource>,
  path: string,
): Iterable<FieldError> {
  if (!datasetName && !datasetUUID) yield required(path, 'one of datasetName and datasetUUID is required')
  if (datasetName && datasetUUID) {
    yield invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')
  }
  if (datasetName?.includes('/')) yield invalid(`${path}.datasetName`, datasetName, "must not contain '/'")
}

export const validateRbd = (
  { monitors, image }: { readonly monitors?: readonly string[]; readonly image: string },
  path: string,
): FieldError[] => [
  ...((monitors ?? []).length === 0 ? [required(`${path}.monitors`)] : []),
  ...present(`${path}.image`, image),
]

export const validateCephFs = (
  { monitors }: Pick<Frozen<CephFSVolumeSource>, 'monitors'>,
  path: string,
): FieldError[] => ((monitors ?? []).length === 0 ? [required(`${path}.monitors`)] : [])

interface SecretRef {
  readonly name?: string
}

export const validateCinder = (
  { volumeID, secretRef }: { readonly volumeID: string; readonly secretRef?: SecretRef },
  path: string,
): FieldError[] => [
  ...present(`${path}.volumeID`, volumeID),
  ...(secretRef ? present(`${path}.secretRef.name`, secretRef.name) : []),
]

export function* validateFlex(
  { driver, options = {} }: { readonly driver: string; readonly options?: Readonly<Record<string, string>> },
  path: string,
): Iterable<FieldError> {
  yield* present(`${path}.driver`, driver)
  for (const key of Object.keys(options)) {
    const domain = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
      yield invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')
    }
  }
}

export const validateAzureFile = (
  { secretName, shareName }: { readonly secretName: string; readonly shareName: string },
  path: string,
): FieldError[] => [...present(`${path}.secretName`, secretName), ...present(`${path}.shareName`, shareName)]

const MANAGED = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

export function* validateAzureDisk(disk: Frozen<AzureDiskVolumeSource>, path: string): Iterable<FieldError> {
  const { diskName, diskURI, cachingMode, kind } = disk
  yield* present(`${path}.diskName`, diskName)
  yield* present(`${path}.diskURI`, diskURI)
  yield* supported(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite'])
  yield* supported(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared'])
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/')) {
    yield notSupported(`${path}.diskURI`, diskURI, [MANAGED])
  }
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://')) {
    yield notSupported(`${path}.diskURI`, diskURI, [BLOB])
  }
}

export const validateScaleIo = (
  source: { readonly gateway: string; readonly system: string; readonly volumeName?: string },
  path: string,
): FieldError[] => [
  ...present(`${path}.gateway`, source.gateway),
  ...present(`${path}.system`, source.system),
  ...present(`${path}.volumeName`, source.volumeName),
]

export function* validateStorageOs(
  {
    volumeName,
    volumeNamespace,
    secretRef,
  }: Pick<Frozen<StorageOSVolumeSource>, 'volumeName' | 'volumeNamespace'> & {
    readonly secretRef?: SecretRef
  },
  path: string,
): Iterable<FieldError> {
  if (!volumeName) yield required(`${path}.volumeName`)
  else yield* dns1123Label(`${path}.volumeName`, volumeName)
  if (volumeNamespace) yield* dns1123Label(`${path}.volumeNamespace`, volumeNamespace)
  if (secretRef) yield* present(`${path}.secretRef.name`, secretRef.name)
}

/** ValidateCSIDriverName. */
export function* validateDriverName(field: string, driver: string): Iterable<FieldError> {
  if (!driver) return yield required(field)
  if (driver.length > 63) yield tooLong(field, 63)
  yield* problems(field, driver, isDns1123Subdomain(driver.toLowerCase()))
}
