import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { Container } from '../pod/spec.ts'
import type { MountedVolume } from './mounts.ts'

/** The block volumes that a container gets as devices. Throws, in upstream's words, for one that isn't there or has a file system. */
export function planDevices(container: Container, volumes: ReadonlyMap<string, MountedVolume>): Init<cri.Device>[] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    if (!devicePath.startsWith('/')) throw new Error(`error DevicePath \`${devicePath}\` must be an absolute path`)
    const volume = volumes.get(name)
    if (volume?.isDevice !== true)
      throw new Error(
        `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container.name)}`,
      )
    return { hostPath: volume.hostPath, containerPath: devicePath, permissions: volume.readOnly ? 'r' : 'mrw' }
  })
}
