import { isFileError } from '../host/files.ts'
import type { PodMeans } from '../pod/means.ts'

/**
 * Removes what pods have left behind that are neither in the API nor in the runtime any more, because an agent ended before it could:
 * volumes, cgroups, logs. `known`: whether a pod of this uid is still to be seen to.
 */
export async function removeLeftovers(means: PodMeans, known: (uid: string) => boolean): Promise<void> {
  const { volumes, env } = means
  const attempt = async (what: string, uid: string, work: () => Promise<void>): Promise<void> => {
    if (known(uid)) return
    await work().catch((err: unknown) =>
      env.log.warn(`could not remove the ${what} of a pod that is gone`, { uid, err }),
    )
  }
  for (const uid of await volumes.known()) await attempt('volumes', uid, () => volumes.unmount(uid))
  for (const { uid, path } of await leftCgroups(means))
    await attempt('cgroup', uid, () => means.host.cgroups.remove(path))
  for (const { uid, path } of await leftLogs(means)) await attempt('logs', uid, () => means.host.files.remove(path))
}

interface Left {
  readonly uid: string
  readonly path: string
}

async function leftCgroups({ host, config: { podsCgroup } }: PodMeans): Promise<Left[]> {
  const parents = [podsCgroup, `${podsCgroup}/burstable`, `${podsCgroup}/besteffort`]
  const lists = await Promise.all(
    parents.map(async (parent) =>
      (await host.cgroups.children(parent)).flatMap((name) =>
        name.startsWith('pod') ? [{ uid: name.slice('pod'.length), path: `${parent}/${name}` }] : [],
      ),
    ),
  )
  return lists.flat()
}

/** Folders of logs are named by namespace, name and uid. */
async function leftLogs({ host, config: { podLogsDir } }: PodMeans): Promise<Left[]> {
  const entries = await host.files.readdir(podLogsDir).catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return []
    throw error
  })
  return entries.flatMap(({ name }) => {
    const uid = name.split('_')[2]
    return uid === undefined ? [] : [{ uid, path: `${podLogsDir}/${name}` }]
  })
}
