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
import { difference, internalForm } from '../../internal-form.ts'
import { validateNodeSelector } from './pod-spec/node-selector.ts'
import { noBacksteps } from './pod-spec/paths.ts'
import { validateHostPath } from './pod-spec/volume-sources.ts'
import { amount } from './resource-list.ts'

type Spec = Frozen<PersistentVolumeSpec>

/** ValidatePersistentVolume. */
export const validateVolume = ({ metadata, spec }: Frozen<PersistentVolume>): Iterable<FieldError> =>
  validateVolumeSpec(spec, { name: metadata.name ?? '', path: 'spec', inline: false })

/** What a specification stands in. */
export interface VolumePlace {
  /** The volume's name; empty for one that is inline. */
  readonly name: string
  readonly path: string
  /** Stands in a VolumeAttachment in place of a volume. */
  readonly inline: boolean
}

/** ValidatePersistentVolumeSpec. */
export function* validateVolumeSpec(spec: Spec, place: VolumePlace): Iterable<FieldError> {
  const { path, inline } = place
  const { accessModes = [], storageClassName, volumeAttributesClassName } = spec
  if (inline) yield* validateInline(spec, path)
  if (accessModes.length === 0) yield required(`${path}.accessModes`)
  yield* validateAccessModes(accessModes, `${path}.accessModes`)
  if (!inline) yield* validateCapacity(spec)
  yield* validateReclaim(spec.persistentVolumeReclaimPolicy, place)
  yield* validateAffinity(spec, place)
  yield* validateSource(spec, place)
  if (storageClassName && inline) yield fieldForbidden(`${path}.storageClassName`, NOT_INLINE)
  else if (storageClassName) yield* dns1123Subdomain(`${path}.storageClassName`, storageClassName)
  if (!inline) yield* validateVolumeMode(`${path}.volumeMode`, spec.volumeMode)
  else if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem') {
    const text = 'may not specify volumeMode other than Filesystem in the context of inline volumes'
    yield fieldForbidden(`${path}.volumeMode`, text)
  }
  if (volumeAttributesClassName === undefined || inline) return
  const field = `${path}.volumeAttributesClassName`
  if (volumeAttributesClassName === '') yield required(field, 'an empty string is disallowed')
  else yield* dns1123Subdomain(field, volumeAttributesClassName)
  if (!spec.csi) yield required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName')
}

const NOT_INLINE = 'may not be specified in the context of inline volumes'

function* validateInline({ claimRef, capacity, csi }: Spec, path: string): Iterable<FieldError> {
  if (claimRef) yield fieldForbidden(`${path}.claimRef`, NOT_INLINE)
  if (Object.keys(capacity ?? {}).length > 0) yield fieldForbidden(`${path}.capacity`, NOT_INLINE)
  if (!csi) yield required(`${path}.csi`, 'has to be specified in the context of inline volumes')
}

function* validateReclaim(policy: string | undefined, { path, inline }: VolumePlace): Iterable<FieldError> {
  const field = `${path}.persistentVolumeReclaimPolicy`
  if (!inline) yield* supported(field, policy || undefined, ['Delete', 'Recycle', 'Retain'])
  else if (policy && policy !== 'Retain') {
    yield fieldForbidden(field, 'may only be Retain in the context of inline volumes')
  }
}

function* validateAffinity({ nodeAffinity }: Spec, { path, inline }: VolumePlace): Iterable<FieldError> {
  if (!nodeAffinity) return
  const field = `${path}.nodeAffinity.required`
  if (inline) yield fieldForbidden(`${path}.nodeAffinity`, NOT_INLINE)
  else if (nodeAffinity.required) yield* validateNodeSelector(nodeAffinity.required, field)
  else yield required(field, 'must specify required node constraints')
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

interface SourceCheck {
  readonly field: keyof PersistentVolumeSource
  readonly path?: string
  validate(spec: Spec, place: VolumePlace): Iterable<FieldError>
}

const needs = (place: VolumePlace, path: string, value: unknown): FieldError[] =>
  present(`${place.path}.${path}`, value)

/** Every source, in the order in which upstream looks. */
const SOURCES: readonly SourceCheck[] = [
  {
    field: 'hostPath',
    validate: ({ hostPath }, place) => (hostPath ? validateHostPath(hostPath, `${place.path}.hostPath`) : []),
  },
  {
    field: 'gcePersistentDisk',
    validate: ({ gcePersistentDisk: disk }, place) =>
      disk ? attached.validateDisk(disk.pdName, 'pdName', disk.partition, `${place.path}.persistentDisk`) : [],
  },
  {
    field: 'awsElasticBlockStore',
    validate: ({ awsElasticBlockStore: disk }, place) =>
      disk
        ? attached.validateDisk(disk.volumeID, 'volumeID', disk.partition, `${place.path}.awsElasticBlockStore`)
        : [],
  },
  { field: 'glusterfs', validate: validateGlusterfs },
  {
    field: 'flocker',
    validate: ({ flocker }, place) => (flocker ? attached.validateFlocker(flocker, `${place.path}.flocker`) : []),
  },
  { field: 'nfs', validate: ({ nfs }, place) => (nfs ? attached.validateNfs(nfs, `${place.path}.nfs`) : []) },
  { field: 'rbd', validate: ({ rbd }, place) => (rbd ? attached.validateRbd(rbd, `${place.path}.rbd`) : []) },
  {
    field: 'quobyte',
    validate: ({ quobyte }, place) => (quobyte ? attached.validateQuobyte(quobyte, `${place.path}.quobyte`) : []),
  },
  {
    field: 'cephfs',
    path: 'cephFS',
    validate: ({ cephfs }, place) => (cephfs ? attached.validateCephFs(cephfs, `${place.path}.cephfs`) : []),
  },
  { field: 'iscsi', validate: validateIscsi },
  { field: 'cinder', validate: validateCinder },
  { field: 'fc', validate: ({ fc }, place) => (fc ? attached.validateFc(fc, `${place.path}.fc`) : []) },
  {
    field: 'flexVolume',
    validate: ({ flexVolume: flex }, place) => (flex ? attached.validateFlex(flex, `${place.path}.flexVolume`) : []),
  },
  { field: 'azureFile', validate: validateAzureFile },
  {
    field: 'vsphereVolume',
    validate: ({ vsphereVolume }, place) => needs(place, 'vsphereVolume.volumePath', vsphereVolume?.volumePath),
  },
  {
    field: 'photonPersistentDisk',
    validate: ({ photonPersistentDisk }, place) =>
      needs(place, 'photonPersistentDisk.pdID', photonPersistentDisk?.pdID),
  },
  {
    field: 'portworxVolume',
    validate: ({ portworxVolume }, place) => needs(place, 'portworxVolume.volumeID', portworxVolume?.volumeID),
  },
  {
    field: 'azureDisk',
    validate: ({ azureDisk }, place) =>
      azureDisk ? attached.validateAzureDisk(azureDisk, `${place.path}.azureDisk`) : [],
  },
  {
    field: 'scaleIO',
    validate: ({ scaleIO }, place) => (scaleIO ? attached.validateScaleIo(scaleIO, `${place.path}.scaleIO`) : []),
  },
  { field: 'local', validate: validateLocal },
  {
    field: 'storageos',
    validate: validateStorageOs,
  },
  { field: 'csi', validate: ({ csi }, place) => (csi ? validateCsi(csi, `${place.path}.csi`) : []) },
]

function* validateSource(spec: Spec, place: VolumePlace): Iterable<FieldError> {
  let found = false
  for (const { field, path, validate } of SOURCES) {
    if (spec[field] === undefined) continue
    if (found && field !== 'flexVolume') {
      yield fieldForbidden(`${place.path}.${path ?? field}`, 'may not specify more than 1 volume type')
    } else yield* validate(spec, place)
    found = true
  }
  if (!found) yield required(place.path, 'must specify a volume type')
  const path = spec.hostPath?.path
  if (path !== undefined && /^\/(\.?\/)*\.?$/.test(path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    yield fieldForbidden(
      `${place.path}.persistentVolumeReclaimPolicy`,
      "may not be 'recycle' for a hostPath mount of '/'",
    )
  }
}

function* validateGlusterfs({ glusterfs }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!glusterfs) return
  yield* attached.validateGlusterfs(glusterfs, `${place.path}.glusterfs`)
  const namespace = glusterfs.endpointsNamespace
  const field = `${place.path}.glusterfs.endpointsNamespace`
  if (namespace === '') {
    yield invalid(field, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')
  } else if (namespace !== undefined) yield* problems(field, namespace, nameIsDnsLabel(namespace, false))
}

function* validateIscsi({ iscsi }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!iscsi) return
  yield* attached.validateIscsi(iscsi, `${place.path}.iscsi`, true)
  if (iscsi.initiatorName !== undefined && `${place.name}:${iscsi.targetPortal}`.length > 64) {
    const text =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    yield invalid(`${place.path}.iscsi.targetportal`, iscsi.targetPortal, text)
  }
  if (iscsi.secretRef) yield* needs(place, 'iscsi.secretRef.name', iscsi.secretRef.name)
}

function* validateCinder({ cinder }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!cinder) return
  yield* attached.validateCinder(cinder, `${place.path}.cinder`)
  if (cinder.secretRef) yield* needs(place, 'cinder.secretRef.namespace', cinder.secretRef.namespace)
}

function* validateStorageOs({ storageos }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!storageos) return
  yield* attached.validateStorageOs(storageos, `${place.path}.storageos`)
  if (storageos.secretRef) yield* needs(place, 'storageos.secretRef.namespace', storageos.secretRef.namespace)
}

function* validateAzureFile({ azureFile }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!azureFile) return
  yield* attached.validateAzureFile(azureFile, `${place.path}.azureFile`)
  if (azureFile.secretNamespace === '') yield required(`${place.path}.azureFile.secretNamespace`)
}

function* validateLocal({ local, nodeAffinity }: Spec, place: VolumePlace): Iterable<FieldError> {
  if (!local) return
  yield* needs(place, 'local.path', local.path)
  yield* noBacksteps(`${place.path}.local.path`, local.path)
  if (!nodeAffinity || place.inline) yield required(`${place.path}.nodeAffinity`, 'Local volume requires node affinity')
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
  volume: Frozen<PersistentVolume>,
  old: Frozen<PersistentVolume>,
): Iterable<FieldError> {
  const { spec } = volume
  // As upstream, whose ValidatePersistentVolumeUpdate looks at all again.
  yield* validateVolume(volume)
  const before = sourceOf(old.spec)
  const now = sourceOf(spec)
  if (old.spec.csi && !old.spec.csi.controllerExpandSecretRef && spec.csi) {
    const { controllerExpandSecretRef: _, ...csi } = spec.csi
    now.csi = csi
  }
  if (!semanticEqual(now, before)) {
    const text = `spec.persistentvolumesource is immutable after creation\n${difference('io.k8s.api.core.v1.PersistentVolumeSource', before, now)}`
    yield fieldForbidden('spec.persistentvolumesource', text)
  }
  if (spec.volumeMode !== old.spec.volumeMode) yield invalid('volumeMode', spec.volumeMode, IMMUTABLE)
  if (old.spec.nodeAffinity && !semanticEqual(spec.nodeAffinity, old.spec.nodeAffinity)) {
    const text = `${IMMUTABLE}, except for updating from beta label to GA`
    yield invalid('nodeAffinity', internalForm('io.k8s.api.core.v1.VolumeNodeAffinity', spec.nodeAffinity), text)
  }
  if (old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    yield fieldForbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')
  }
}

function sourceOf(spec: Spec): { -readonly [K in keyof PersistentVolumeSource]: Spec[K] } {
  return Object.fromEntries(SOURCES.map(({ field }) => [field, spec[field]]))
}
