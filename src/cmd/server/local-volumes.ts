import { persistentVolumes } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { linuxFiles } from '../../kubelet/linux/files.ts'
import { noFolders, nodeFolders } from '../../kubelet/provisioner/folders.ts'
import { runLocalVolumes, type RunLocalVolumesOptions } from '../../kubelet/provisioner/run.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'
import { identities } from './identities.ts'
import type { PartsOptions } from './parts.ts'

type Place = Pick<PartsOptions, 'env' | 'signal'> & { readonly api: ApiAccess }

/** Makes the volumes of this node, as folders, until the signal aborts. */
export function runVolumes({ settings, paths, ...place }: PartsOptions): Promise<void> {
  const folders = nodeFolders(linuxFiles, paths.volumes)
  return run(place, { nodeNames: new Set([settings.nodeName]), folders })
}

/** Makes the volumes of nodes that have no disk, until the signal aborts. */
export function simulateVolumes(place: Place, nodeNames: ReadonlySet<string>): Promise<void> {
  return run(place, { nodeNames, folders: noFolders })
}

async function run(
  { api, env, signal }: Place,
  volumes: Pick<RunLocalVolumesOptions, 'nodeNames' | 'folders'>,
): Promise<void> {
  const own = { ...env, log: env.log.with({ component: 'volumes' }) }
  const client = api.clientFor(identities.localVolumes, 'skiff-local-volumes')
  if (await isAllowed(client, own, signal)) await runLocalVolumes({ ...volumes, client, env: own, signal }).stopped
}

const RETRY_MS = 1_000
const REFUSED_RETRY_MS = 60_000

/**
 * Waits until volumes may be listed. A node apart goes by its own certificate, which allows it only if an administrator has said so. False
 * when the signal aborts first.
 */
async function isAllowed(client: Client, { clock, log }: Env, signal: AbortSignal): Promise<boolean> {
  let isTold = false
  while (!signal.aborted) {
    try {
      await client(persistentVolumes).list({ limit: 1 })
      return true
    } catch (err) {
      const isRefused = hasReason(err, 'Forbidden')
      if (isRefused && !isTold) log.warn('this node may make no volumes: claims get none here', { err })
      isTold ||= isRefused
      await sleep(clock, isRefused ? REFUSED_RETRY_MS : RETRY_MS, signal).catch(() => undefined)
    }
  }
  return false
}
