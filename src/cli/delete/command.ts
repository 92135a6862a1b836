import { existsSync, rmSync } from 'node:fs'
import { Command } from 'commander'
import { clusterPaths } from '../../host/cluster/paths.ts'
import { resolveSettings } from '../../host/cluster/resolve.ts'
import { checkName } from '../../host/cluster/settings.ts'
import type { CliContext } from '../context.ts'
import { stopCluster } from '../down/stop.ts'
import type { ClusterFlags, ExistingCluster } from '../flags.ts'
import { findCluster, parseSeconds, withCluster, withExamples } from '../flags.ts'
import { dropContext } from '../kubeconfig/user-context.ts'
import { Progress } from '../progress.ts'

interface DeleteFlags extends ClusterFlags {
  readonly grace: number
}

/** `skiff delete` */
export function deleteCommand(context: CliContext): Command {
  const command = withCluster(new Command('delete').description('stop a cluster and remove all its state'))
    .option('--grace <time>', 'how long containers may take to end', parseSeconds, 2)
    .action((flags: DeleteFlags) => deleteCluster(context, flags))
  return withExamples(command, [
    ['skiff delete', 'remove the cluster "skiff" with all that is in it'],
    ['skiff delete --name dev', 'remove another one'],
  ])
}

async function deleteCluster(context: CliContext, flags: DeleteFlags): Promise<void> {
  const cluster = findCluster(flags) ?? findRemains(flags)
  if (!cluster) return context.err.write(`there is no cluster "${flags.name}" in ${flags.dataDir}\n`)
  const { settings, paths } = cluster
  const progress = new Progress(context.env.clock, context.err)
  context.err.write(`Cluster "${settings.name}" is deleted\n`)
  await stopCluster(context, progress, cluster, flags.grace)
  const dropped = await dropContext(context, settings.name, paths)
  rmSync(paths.root, { recursive: true, force: true })
  if (settings.etcd) {
    const { servers, prefix } = settings.etcd
    progress.done('objects', `stay in etcd (etcdctl --endpoints ${servers.join(',')} del --prefix ${prefix}/)`)
  }
  progress.done('state', `${paths.root} is removed${dropped.map((file) => `, and its context from ${file}`).join('')}`)
}

/** A cluster whose settings are lost: what it could have left behind can be found by its folder alone. */
function findRemains({ name, dataDir }: ClusterFlags): ExistingCluster | undefined {
  const paths = clusterPaths(dataDir, checkName(name))
  if (!existsSync(paths.root)) return undefined
  const runtime = existsSync(paths.containerd.folder) ? 'containerd' : 'simulated'
  const settings = resolveSettings({ name, runtime }, { saved: undefined, others: [], routes: [], hostname: '' })
  return { settings, paths }
}
