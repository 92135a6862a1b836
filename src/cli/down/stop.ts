import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock } from '../../host/cluster/lock.ts'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import {
  endProcess,
  findInNamespaceBelow,
  readProcessFile,
  removeProcessFile,
} from '../../host/cluster/process-file.ts'
import { isRunning } from '../../host/containerd/supervise.ts'
import { tearDown } from '../../host/teardown/cluster.ts'
import { EXIT, UserError, isErrno, messageOf } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'
import type { ExistingCluster } from '../flags.ts'
import type { Progress } from '../progress.ts'

const SERVER_GRACE_MS = 15_000

/** Ends a cluster: its server first, so that nothing starts containers again, then its pods, then all it left behind. */
export async function stopCluster(
  context: CliContext,
  progress: Progress,
  cluster: ExistingCluster,
  graceSeconds: number,
): Promise<void> {
  requireRoot(cluster)
  await stopServer(context, progress, cluster)
  if (cluster.settings.runtime === 'simulated') return
  await stopPods(context, progress, cluster, graceSeconds)
  await progress.step('host', async (note) => {
    note('taking away processes, mounts, links, rules and cgroups')
    await tearDown(context.env, cluster.paths, cluster.settings)
    return 'nothing is left but the state'
  })
}

function requireRoot({ settings }: ExistingCluster): void {
  if (settings.runtime === 'simulated' || process.getuid?.() === 0) return
  throw new UserError(`cluster "${settings.name}" runs containers, and ending them needs root`, {
    hints: ['run it with sudo'],
    exitCode: EXIT.hostNotReady,
  })
}

async function stopServer(
  { env }: CliContext,
  progress: Progress,
  { paths, settings }: ExistingCluster,
): Promise<void> {
  const server = readProcessFile(paths.pidFile)
  if (!server) {
    await requireNoneElsewhere(settings.name, paths)
    return progress.done('server', 'was not running')
  }
  await progress.step('server', async (note) => {
    note(`ending process ${server.pid}`)
    await endProcess(env.clock, server, SERVER_GRACE_MS)
    removeProcessFile(paths.pidFile)
    return 'ended'
  })
}

/** A server that holds the cluster's lock, and yet is no process of ours, runs in another PID namespace: a container, or `unshare --pid`. */
async function requireNoneElsewhere(name: string, { root, pidFile }: ClusterPaths): Promise<void> {
  const lock = await acquireLock(root)
  await lock?.release()
  const seen = findInNamespaceBelow(pidFile)
  if (lock && !seen) return
  throw new UserError(`the server of cluster "${name}" runs in another PID namespace`, {
    hints: ['run skiff down where it was started', ...(seen ? [`or end it from here: kill ${seen.pid}`] : [])],
  })
}

/** Asks containers to end. What doesn't, or can't be asked any more, is ended by the teardown. */
async function stopPods(
  { runtimes }: CliContext,
  progress: Progress,
  { paths, settings }: ExistingCluster,
  graceSeconds: number,
): Promise<void> {
  const endpoint = settings.containerRuntimeEndpoint
  if (endpoint === undefined && !(await isRunning(paths))) return
  const owned = new Set(podFolders(join(paths.kubelet, 'pods')))
  await progress.step('pods', async (note) => {
    note(`ending containers, ${graceSeconds} s at most`)
    const owns = (uid: string): boolean => endpoint === undefined || owned.has(uid)
    try {
      const count = await runtimes.stopPods(endpoint ?? paths.containerd.socket, { graceSeconds, owns })
      return `${count} ended`
    } catch (error) {
      if (endpoint !== undefined) throw new UserError(`${endpoint} could not end the pods`, { cause: error })
      return `will be ended at once (${messageOf(error)})`
    }
  })
}

/** The node agent keeps one folder for each pod, named by its uid. */
function podFolders(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
