import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { Container } from '../pod/spec.ts'
import { expand, type Variables } from './expansion.ts'

type VolumeMount = NonNullable<Container['volumeMounts']>[number]

/** A pod's volume as it stands on the node, ready to be mounted. */
export interface MountedVolume {
  readonly name: string
  /** Empty for an image, which the runtime mounts by itself. */
  readonly hostPath: string
  readonly readOnly: boolean
  /** A block device without a file system: containers get it in their volumeDevices. */
  readonly isDevice?: boolean
  readonly image?: Init<cri.ImageSpec>
}

/** A container's mount before the runtime's form: `subPath` has still to be bound. */
export interface PlannedMount {
  readonly volume: MountedVolume
  readonly containerPath: string
  readonly readOnly: boolean
  readonly recursiveReadOnly: boolean
  readonly propagation: cri.MountPropagation
  /** Relative, without leaving the volume; empty for the whole of it. */
  readonly subPath: string
}

/** What a container's volumeMounts come to. Throws, in upstream's words, for a sub-path that won't do or a volume that isn't there. */
export function planMounts(
  container: Container,
  volumes: ReadonlyMap<string, MountedVolume>,
  variables: Variables,
): PlannedMount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const volume = volumes.get(mount.name)
    if (!volume || volume.isDevice === true)
      throw new Error(
        `cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(container.name)}`,
      )
    return {
      volume,
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: (mount.readOnly ?? false) || volume.readOnly,
      recursiveReadOnly: mount.recursiveReadOnly === 'Enabled',
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'],
      subPath: subPathOf(mount, variables),
    }
  })
}

const PROPAGATION: Readonly<Record<NonNullable<VolumeMount['mountPropagation']>, cri.MountPropagation>> = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
}

function subPathOf(mount: VolumeMount, variables: Variables): string {
  if (mount.subPathExpr === undefined || mount.subPathExpr === '') return checked(mount.subPath ?? '')
  const missing: string[] = []
  const path = expand(mount.subPathExpr, (name) => {
    const value = variables(name)
    if (value === undefined) missing.push(name)
    return value
  })
  const [name] = missing
  if (name !== undefined) throw new Error(`missing value for ${JSON.stringify(name)}`)
  return checked(path)
}

function checked(path: string): string {
  if (path.startsWith('/')) throw new Error(`error SubPath \`${path}\` must not be an absolute path`)
  if (path.split('/').includes('..')) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`)
  return path
}
