import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../../apimachinery/status.ts'
import { nameIsDnsSubdomain } from '../../../../apimachinery/validation/names.ts'
import { problems, present, supported } from '../../../checks.ts'
import type {
  CSIVolumeSource,
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  EphemeralVolumeSource,
  HostPathVolumeSource,
  KeyToPath,
  SecretVolumeSource,
  Volume,
  VolumeSource,
} from '../../../generated/types/core/v1.ts'
import { validateClaimTemplate } from '../claim-spec.ts'
import {
  validateAzureDisk,
  validateAzureFile,
  validateCephFs,
  validateCinder,
  validateDisk,
  validateDriverName,
  validateFc,
  validateFlex,
  validateFlocker,
  validateGlusterfs,
  validateIscsi,
  validateNfs,
  validateQuobyte,
  validateRbd,
  validateScaleIo,
  validateStorageOs,
} from './attached-sources.ts'
import { validatePullPolicy } from './containers.ts'
import { FILE_FIELDS, validateFieldRef, validateResourceFieldRef } from './field-ref.ts'
import { fileMode, localDescendingPath, localNonReservedPath, noBacksteps } from './paths.ts'
import { validateProjected } from './projected.ts'

interface SourceCheck {
  readonly field: keyof VolumeSource
  /** Upstream's path below the volume where it differs from the field. */
  readonly as?: string
  /** The same, in the error about a second source. */
  readonly path?: string
  validate(volume: Frozen<Volume>, path: string): Iterable<FieldError>
}

function source<K extends keyof VolumeSource>(
  field: K,
  validate: (value: Frozen<NonNullable<VolumeSource[K]>>, path: string) => Iterable<FieldError>,
  paths: { readonly as?: string; readonly path?: string } = {},
): SourceCheck {
  return {
    field,
    ...paths,
    validate: (volume, path) => {
      const value = volume[field] as Frozen<NonNullable<VolumeSource[K]>> | undefined
      return value === undefined ? [] : validate(value, path)
    },
  }
}

const needs =
  <T extends object>(...fields: (keyof T & string)[]) =>
  (value: T, path: string): FieldError[] =>
    fields.flatMap((field) => present(`${path}.${field}`, value[field]))

/** Every source but emptyDir, in the order in which upstream looks. Its misspelt paths are kept: clients see them. */
export const VOLUME_SOURCES: readonly SourceCheck[] = [
  source('hostPath', validateHostPath),
  source('gitRepo', (git, path) => [
    ...present(`${path}.repository`, git.repository),
    ...localDescendingPath(`${path}.directory`, git.directory ?? ''),
  ]),
  source('gcePersistentDisk', (disk, path) => validateDisk(disk.pdName, 'pdName', disk.partition, path), {
    as: 'persistentDisk',
  }),
  source('awsElasticBlockStore', (disk, path) => validateDisk(disk.volumeID, 'volumeID', disk.partition, path)),
  source('secret', validateSecret),
  source('nfs', validateNfs),
  source('iscsi', validateIscsi),
  source('glusterfs', validateGlusterfs),
  source('flocker', validateFlocker),
  source('persistentVolumeClaim', needs('claimName')),
  source('rbd', validateRbd),
  source('cinder', validateCinder),
  source('cephfs', validateCephFs, { path: 'cephFS' }),
  source('quobyte', validateQuobyte),
  source('downwardAPI', validateDownwardApi, { path: 'downwarAPI' }),
  source('fc', validateFc),
  source('flexVolume', validateFlex),
  source('configMap', validateConfigMap),
  source('azureFile', validateAzureFile),
  source('vsphereVolume', needs('volumePath')),
  source('photonPersistentDisk', needs('pdID')),
  source('portworxVolume', needs('volumeID')),
  source('azureDisk', validateAzureDisk),
  source('storageos', validateStorageOs),
  source('projected', validateProjected),
  source('scaleIO', validateScaleIo),
  source('csi', validateCsi),
  source('ephemeral', validateEphemeral),
  source('image', (image, path) => validatePullPolicy(image.pullPolicy, `${path}.pullPolicy`)),
]

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

/** validateHostPathVolumeSource. */
export function* validateHostPath({ path, type }: Frozen<HostPathVolumeSource>, at: string): Iterable<FieldError> {
  yield* present(`${at}.path`, path)
  yield* noBacksteps(`${at}.path`, path)
  yield* supported(`${at}.type`, type, HOST_PATH_TYPES)
}

function* validateSecret(secret: Frozen<SecretVolumeSource>, path: string): Iterable<FieldError> {
  yield* present(`${path}.secretName`, secret.secretName)
  yield* fileMode(`${path}.defaultMode`, secret.defaultMode)
  yield* validateItems(secret.items, path)
}

function* validateConfigMap(configMap: Frozen<ConfigMapVolumeSource>, path: string): Iterable<FieldError> {
  yield* present(`${path}.name`, configMap.name)
  yield* fileMode(`${path}.defaultMode`, configMap.defaultMode)
  yield* validateItems(configMap.items, path)
}

/** Which keys become which files. */
export function* validateItems(items: readonly Frozen<KeyToPath>[] | undefined, path: string): Iterable<FieldError> {
  for (const [index, { key, path: file, mode }] of (items ?? []).entries()) {
    const at = `${path}.items[${index}]`
    yield* present(`${at}.key`, key)
    yield* present(`${at}.path`, file)
    yield* localNonReservedPath(`${at}.path`, file)
    yield* fileMode(`${at}.mode`, mode)
  }
}

function* validateDownwardApi(
  { defaultMode, items }: Frozen<DownwardAPIVolumeSource>,
  path: string,
): Iterable<FieldError> {
  yield* fileMode(`${path}.defaultMode`, defaultMode)
  for (const file of items ?? []) yield* validateDownwardFile(file, path)
}

/** validateDownwardAPIVolumeFile. */
export function* validateDownwardFile(file: Frozen<DownwardAPIVolumeFile>, path: string): Iterable<FieldError> {
  yield* present(`${path}.path`, file.path)
  yield* localNonReservedPath(`${path}.path`, file.path)
  if (file.fieldRef) {
    yield* validateFieldRef(file.fieldRef, FILE_FIELDS, `${path}.fieldRef`)
    if (file.resourceFieldRef) {
      yield invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')
    }
  } else if (file.resourceFieldRef) {
    yield* validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, true)
  } else yield required(path, 'one of fieldRef and resourceFieldRef is required')
  yield* fileMode(`${path}.mode`, file.mode)
}

function* validateCsi(
  { driver, nodePublishSecretRef: secret }: Frozen<CSIVolumeSource>,
  path: string,
): Iterable<FieldError> {
  yield* validateDriverName(`${path}.driver`, driver)
  if (!secret) return
  if (!secret.name) yield required(`${path}.nodePublishSecretRef.name`)
  else yield* problems(`${path}.name`, secret.name, nameIsDnsSubdomain(secret.name, false))
}

function validateEphemeral({ volumeClaimTemplate }: Frozen<EphemeralVolumeSource>, path: string): Iterable<FieldError> {
  const field = `${path}.volumeClaimTemplate`
  return volumeClaimTemplate ? validateClaimTemplate(volumeClaimTemplate, field) : [required(field)]
}
