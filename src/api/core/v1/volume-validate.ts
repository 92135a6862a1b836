import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, IMMUTABLE, present, problems, sortedKeys, supported } from '../../checks.ts'
import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from '../../generated/types/core/v1.ts'
import { validateAccessModes, validateVolumeMode } from './claim-spec.ts'
import * as attached from './pod-spec/attached-sources.ts'
import { difference } from './pod-spec/difference.ts'
import { validateNodeSelector } from './pod-spec/node-selector.ts'
import { noBacksteps } from './pod-spec/paths.ts'
import { validateHostPath } from './pod-spec/volume-sources.ts'
import { amount } from './resource-list.ts'

/** ValidatePersistentVolume. */
export function* validateVolume({ metadata, spec }: Frozen<PersistentVolume>): Iterable<FieldError> {
  const { accessModes = [], storageClassName, volumeAttributesClassName } = spec
  if (accessModes.length === 0) yield required('spec.accessModes')
  yield* validateAccessModes(accessModes, 'spec.accessModes')
  yield* validateCapacity(spec)
  const policies = ['Delete', 'Recycle', 'Retain']
  yield* supported('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy || undefined, policies)
  const { nodeAffinity } = spec
  if (nodeAffinity) {
    const field = 'spec.nodeAffinity.required'
    if (nodeAffinity.required) yield* validateNodeSelector(nodeAffinity.required, field)
    else yield required(field, 'must specify required node constraints')
  }
  yield* validateSource(spec, metadata.name ?? '')
  if (storageClassName) yield* dns1123Subdomain('spec.storageClassName', storageClassName)
  yield* validateVolumeMode('spec.volumeMode', spec.volumeMode)
  if (volumeAttributesClassName === undefined) return
  const field = 'spec.volumeAttributesClassName'
  if (volumeAttributesClassName === '') yield required(field, 'an empty string is disallowed')
  else yield* dns1123Subdomain(field, volumeAttributesClassName)
  if (!spec.csi) yield required('spec.csi', 'has to be specified when using volumeAttributesClassName')
}

function* validateCapacity({ capacity }: Frozen<PersistentVolumeSpec>): Iterable<FieldError> {
  const names = Object.keys(capacity ?? {})
  if (names.length === 0) yield required('spec.capacity')
  if (names.length !== 1 || names[0] !== 'storage')
    yield notSupported('spec.capacity', sortedKeys(capacity), ['storage'])
  for (const [name, value] of Object.entries(capacity ?? {})) {
    const field = `spec.capacity[${name}]`
    const { nanos } = amount(value)
    const units = Number(nanos / 1_000_000_000n)
    if (units < 0) yield invalid(field, units, 'must be a valid resource quantity')
    if (nanos <= 0n) yield invalid(field, String(value), 'must be greater than zero')
  }
}

type Spec = Frozen<PersistentVolumeSpec>

interface SourceCheck {
  readonly field: keyof PersistentVolumeSource
  readonly path?: string
  validate(spec: Spec, name: string): Iterable<FieldError>
}

const needs = (path: string, value: unknown): FieldError[] => present(`spec.${path}`, value)

/** Every source, in the order in which upstream looks. */
const SOURCES: readonly SourceCheck[] = [
  { field: 'hostPath', validate: ({ hostPath }) => (hostPath ? validateHostPath(hostPath, 'spec.hostPath') : []) },
  {
    field: 'gcePersistentDisk',
    validate: ({ gcePersistentDisk: disk }) =>
      disk ? attached.validateDisk(disk.pdName, 'pdName', disk.partition, 'spec.persistentDisk') : [],
  },
  {
    field: 'awsElasticBlockStore',
    validate: ({ awsElasticBlockStore: disk }) =>
      disk ? attached.validateDisk(disk.volumeID, 'volumeID', disk.partition, 'spec.awsElasticBlockStore') : [],
  },
  { field: 'glusterfs', validate: validateGlusterfs },
  { field: 'flocker', validate: ({ flocker }) => (flocker ? attached.validateFlocker(flocker, 'spec.flocker') : []) },
  { field: 'nfs', validate: ({ nfs }) => (nfs ? attached.validateNfs(nfs, 'spec.nfs') : []) },
  { field: 'rbd', validate: ({ rbd }) => (rbd ? attached.validateRbd(rbd, 'spec.rbd') : []) },
  { field: 'quobyte', validate: ({ quobyte }) => (quobyte ? attached.validateQuobyte(quobyte, 'spec.quobyte') : []) },
  {
    field: 'cephfs',
    path: 'cephFS',
    validate: ({ cephfs }) => (cephfs ? attached.validateCephFs(cephfs, 'spec.cephfs') : []),
  },
  { field: 'iscsi', validate: validateIscsi },
  { field: 'cinder', validate: validateCinder },
  { field: 'fc', validate: ({ fc }) => (fc ? attached.validateFc(fc, 'spec.fc') : []) },
  {
    field: 'flexVolume',
    validate: ({ flexVolume: flex }) => (flex ? attached.validateFlex(flex, 'spec.flexVolume') : []),
  },
  { field: 'azureFile', validate: validateAzureFile },
  {
    field: 'vsphereVolume',
    validate: ({ vsphereVolume }) => needs('vsphereVolume.volumePath', vsphereVolume?.volumePath),
  },
  {
    field: 'photonPersistentDisk',
    validate: ({ photonPersistentDisk }) => needs('photonPersistentDisk.pdID', photonPersistentDisk?.pdID),
  },
  {
    field: 'portworxVolume',
    validate: ({ portworxVolume }) => needs('portworxVolume.volumeID', portworxVolume?.volumeID),
  },
  {
    field: 'azureDisk',
    validate: ({ azureDisk }) => (azureDisk ? attached.validateAzureDisk(azureDisk, 'spec.azureDisk') : []),
  },
  { field: 'scaleIO', validate: ({ scaleIO }) => (scaleIO ? attached.validateScaleIo(scaleIO, 'spec.scaleIO') : []) },
  { field: 'local', validate: validateLocal },
  {
    field: 'storageos',
    validate: ({ storageos }) => (storageos ? attached.validateStorageOs(storageos, 'spec.storageos') : []),
  },
  { field: 'csi', validate: ({ csi }) => (csi ? validateCsi(csi, 'spec.csi') : []) },
]

function* validateSource(spec: Spec, name: string): Iterable<FieldError> {
  let found = false
  for (const { field, path, validate } of SOURCES) {
    if (spec[field] === undefined) continue
    if (found && field !== 'flexVolume') {
      yield fieldForbidden(`spec.${path ?? field}`, 'may not specify more than 1 volume type')
    } else yield* validate(spec, name)
    found = true
  }
  if (!found) yield required('spec', 'must specify a volume type')
  const path = spec.hostPath?.path
  if (path !== undefined && /^\/(\.?\/)*\.?$/.test(path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    yield fieldForbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")
  }
}

function* validateGlusterfs({ glusterfs }: Spec): Iterable<FieldError> {
  if (!glusterfs) return
  yield* attached.validateGlusterfs(glusterfs, 'spec.glusterfs')
  const namespace = glusterfs.endpointsNamespace
  const field = 'spec.glusterfs.endpointsNamespace'
  if (namespace === '') {
    yield invalid(field, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')
  } else if (namespace !== undefined) yield* problems(field, namespace, nameIsDnsLabel(namespace, false))
}

function* validateIscsi({ iscsi }: Spec, name: string): Iterable<FieldError> {
  if (!iscsi) return
  yield* attached.validateIscsi(iscsi, 'spec.iscsi')
  if (iscsi.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > 64) {
    const text =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    yield invalid('spec.iscsi.targetportal', iscsi.targetPortal, text)
  }
  if (iscsi.secretRef) yield* needs('iscsi.secretRef.name', iscsi.secretRef.name)
}

function* validateCinder({ cinder }: Spec): Iterable<FieldError> {
  if (!cinder) return
  yield* attached.validateCinder(cinder, 'spec.cinder')
  if (cinder.secretRef) yield* needs('cinder.secretRef.namespace', cinder.secretRef.namespace)
}

function* validateAzureFile({ azureFile }: Spec): Iterable<FieldError> {
  if (!azureFile) return
  yield* attached.validateAzureFile(azureFile, 'spec.azureFile')
  if (azureFile.secretNamespace === '') yield required('spec.azureFile.secretNamespace')
}

function* validateLocal({ local, nodeAffinity }: Spec): Iterable<FieldError> {
  if (!local) return
  yield* needs('local.path', local.path)
  yield* noBacksteps('spec.local.path', local.path)
  if (!nodeAffinity) yield required('spec.nodeAffinity', 'Local volume requires node affinity')
}

const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

function* validateCsi(csi: Frozen<CSIPersistentVolumeSource>, path: string): Iterable<FieldError> {
  yield* attached.validateDriverName(`${path}.driver`, csi.driver)
  yield* present(`${path}.volumeHandle`, csi.volumeHandle)
  for (const field of CSI_SECRETS) {
    const secret = csi[field]
    if (secret) yield* validateSecretRef(secret, `${path}.${field}`)
  }
}

function* validateSecretRef({ name, namespace }: Frozen<SecretReference>, path: string): Iterable<FieldError> {
  if (!name) yield required(`${path}.name`)
  else yield* dns1123Subdomain(`${path}.name`, name)
  if (!namespace) yield required(`${path}.namespace`)
  else yield* dns1123Label(`${path}.namespace`, namespace)
}

/** The update's own rules of ValidatePersistentVolumeUpdate. */
export function* validateVolumeUpdate(
  { spec }: Frozen<PersistentVolume>,
  old: Frozen<PersistentVolume>,
): Iterable<FieldError> {
  const before = sourceOf(old.spec)
  const now = sourceOf(spec)
  if (old.spec.csi && !old.spec.csi.controllerExpandSecretRef && spec.csi) {
    const { controllerExpandSecretRef: _, ...csi } = spec.csi
    now.csi = csi
  }
  if (!semanticEqual(now, before)) {
    const text = `spec.persistentvolumesource is immutable after creation\n${difference(before, now)}`
    yield fieldForbidden('spec.persistentvolumesource', text)
  }
  if (spec.volumeMode !== old.spec.volumeMode) yield invalid('volumeMode', spec.volumeMode, IMMUTABLE)
  if (old.spec.nodeAffinity && !semanticEqual(spec.nodeAffinity, old.spec.nodeAffinity)) {
    const text = `${IMMUTABLE}, except for updating from beta label to GA`
    yield invalid('nodeAffinity', spec.nodeAffinity, text)
  }
  if (old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    yield fieldForbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')
  }
}

function sourceOf(spec: Spec): { -readonly [K in keyof PersistentVolumeSource]: Spec[K] } {
  return Object.fromEntries(SOURCES.map(({ field }) => [field, spec[field]]))
}
