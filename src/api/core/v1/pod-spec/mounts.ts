import type { Frozen } from '../../../../apimachinery/meta.ts'
import {
  type FieldError,
  fieldForbidden,
  fieldNotFound,
  invalid,
  notSupported,
  required,
} from '../../../../apimachinery/status.ts'
import type { Container, Volume, VolumeDevice, VolumeMount } from '../../../generated/types/core/v1.ts'
import { localDescendingPath, noBacksteps } from './paths.ts'

/** The pod's volumes that are valid, by name. */
export type Volumes = ReadonlyMap<string, Frozen<Volume>>

/** ValidateVolumeMounts. Some paths are upstream's oddities: they name the list and not the mount. */
export function* validateMounts(container: Frozen<Container>, volumes: Volumes, path: string): Iterable<FieldError> {
  const devices = container.volumeDevices ?? []
  const seen = new Set<string>()
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${index}]`
    const { name, mountPath } = mount
    if (!name) yield required(`${at}.name`)
    if (!volumes.has(name)) yield fieldNotFound(`${at}.name`, name)
    if (!mountPath) yield required(`${at}.mountPath`)
    if (seen.has(mountPath)) yield invalid(`${at}.mountPath`, mountPath, 'must be unique')
    seen.add(mountPath)
    if (devices.some((device) => device.name === name)) {
      yield invalid(`${at}.name`, name, 'must not already exist in volumeDevices')
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      yield invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices')
    }
    yield* validateSubPath(mount, at, path)
    yield* validatePropagation(mount, container, `${path}.mountPropagation`)
    yield* validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`)
  }
}

function* validateSubPath(
  { subPath, subPathExpr }: Frozen<VolumeMount>,
  at: string,
  path: string,
): Iterable<FieldError> {
  if (subPath) yield* localDescendingPath(`${path}.subPath`, subPath)
  if (!subPathExpr) return
  if (subPath) yield invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')
  yield* localDescendingPath(`${path}.subPathExpr`, subPathExpr)
}

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

function* validatePropagation(
  { mountPropagation }: Frozen<VolumeMount>,
  container: Frozen<Container>,
  field: string,
): Iterable<FieldError> {
  if (mountPropagation === undefined) return
  if (!PROPAGATIONS.includes(mountPropagation)) yield notSupported(field, mountPropagation, PROPAGATIONS)
  if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    yield fieldForbidden(field, 'Bidirectional mount propagation is available only to privileged containers')
  }
}

const RECURSIVE_READ_ONLY = ['Disabled', 'Enabled', 'IfPossible']

function* validateRecursiveReadOnly(mount: Frozen<VolumeMount>, field: string): Iterable<FieldError> {
  const mode = mount.recursiveReadOnly
  if (mode === undefined || mode === 'Disabled') return
  if (!RECURSIVE_READ_ONLY.includes(mode)) return yield notSupported(field, mode, RECURSIVE_READ_ONLY)
  if (!mount.readOnly) yield fieldForbidden(field, 'may only be specified when readOnly is true')
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    yield fieldForbidden(field, 'may only be specified when mountPropagation is None or not specified')
  }
}

/** ValidateVolumeDevices. */
export function* validateDevices(container: Frozen<Container>, volumes: Volumes, path: string): Iterable<FieldError> {
  const names = new Set<string>()
  const paths = new Set<string>()
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    yield* validateDevice(device, container, { volumes, names, paths }, `${path}[${index}]`)
    if (noBacksteps('', device.devicePath).length === 0) paths.add(device.devicePath)
    if (device.name) names.add(device.name)
  }
}

interface DeviceContext {
  readonly volumes: Volumes
  readonly names: ReadonlySet<string>
  readonly paths: ReadonlySet<string>
}

function* validateDevice(
  { name, devicePath }: Frozen<VolumeDevice>,
  container: Frozen<Container>,
  { volumes, names, paths }: DeviceContext,
  at: string,
): Iterable<FieldError> {
  const volume = volumes.get(name)
  const mounts = container.volumeMounts ?? []
  if (!name) yield required(`${at}.name`)
  if (names.has(name)) yield invalid(`${at}.name`, name, 'must be unique')
  if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
    yield invalid(
      `${at}.name`,
      name,
      'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
    )
  }
  if (!volume) yield fieldNotFound(`${at}.name`, name)
  if (!devicePath) yield required(`${at}.devicePath`)
  if (paths.has(devicePath)) yield invalid(`${at}.devicePath`, devicePath, 'must be unique')
  if (devicePath && noBacksteps('', devicePath).length > 0) {
    yield invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')")
  }
  if (mounts.some((mount) => mount.name === name)) {
    yield invalid(`${at}.name`, name, 'must not already exist in volumeMounts')
  }
  if (mounts.some((mount) => mount.mountPath === devicePath)) {
    yield invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts')
  }
}
