import type { Client } from '../../client/client.ts'
import { runControllers, type RunningControllers } from '../../client/harness/run.ts'
import { withoutManagers } from '../../client/informer/factory.ts'
import type { Env } from '../../lib/env.ts'
import { claimProvisioner } from './claims.ts'
import type { VolumeFolders } from './folders.ts'
import { PROVISIONER } from './plan.ts'
import { volumeRemover } from './volumes.ts'

/** Whose volumes are made, and where. */
export interface LocalVolumesOptions {
  /** The nodes whose volumes they are. May grow; most agents have one. */
  readonly nodeNames: ReadonlySet<string>
  readonly folders: VolumeFolders
  /** What Events name as their source. */
  readonly component: string
}

export interface RunLocalVolumesOptions extends Omit<LocalVolumesOptions, 'component'> {
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** Deep-freeze cached objects; for tests. */
  readonly freeze?: boolean
}

/** Both controllers. */
export const localVolumes = (options: LocalVolumesOptions) => [claimProvisioner(options), volumeRemover(options)]

/** Makes and removes the volumes of these nodes until the signal aborts. */
export function runLocalVolumes({ nodeNames, folders, ...options }: RunLocalVolumesOptions): RunningControllers {
  const [name = 'nodes'] = nodeNames
  const component = `${PROVISIONER}_${name}`
  return runControllers(localVolumes({ nodeNames, folders, component }), { ...options, transform: withoutManagers })
}
