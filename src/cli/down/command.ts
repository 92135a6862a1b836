import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { ClusterFlags } from '../flags.ts'
import { existingCluster, parseSeconds, withCluster, withExamples } from '../flags.ts'
import { Progress } from '../progress.ts'
import { stopCluster } from './stop.ts'

interface DownFlags extends ClusterFlags {
  readonly grace: number
}

/** `skiff down` */
export function downCommand(context: CliContext): Command {
  const command = withCluster(new Command('down').description('stop a cluster and leave nothing of it running'))
    .option('--grace <time>', 'how long containers may take to end', parseSeconds, 10)
    .addHelpText('after', '\nIts state stays: skiff up brings it back with the same pods.')
    .action((flags: DownFlags) => down(context, flags))
  return withExamples(command, [
    ['skiff down', 'stop the cluster "skiff"'],
    ['skiff down --name dev --grace 1m', 'stop another one and give its pods a minute'],
  ])
}

async function down(context: CliContext, flags: DownFlags): Promise<void> {
  const cluster = existingCluster(flags)
  context.err.write(`Cluster "${cluster.settings.name}" is stopped\n`)
  await stopCluster(context, new Progress(context.env.clock, context.err), cluster, flags.grace)
}
