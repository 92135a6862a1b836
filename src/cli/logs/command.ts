import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { UserError } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'
import type { ClusterFlags } from '../flags.ts'
import { existingCluster, withCluster, withExamples } from '../flags.ts'

interface LogsFlags extends ClusterFlags {
  readonly follow?: boolean
  readonly tail: number
  readonly containerd?: boolean
}

/** `skiff logs` */
export function logsCommand(context: CliContext): Command {
  const command = withCluster(new Command('logs').description("show what the cluster's server says"))
    .option('-f, --follow', 'go on showing what comes')
    .option('--tail <lines>', 'how many lines from the end; -1 for all', parseLines, 100)
    .option('--containerd', "show containerd's log instead")
    .action((flags: LogsFlags) => logs(context, flags))
  return withExamples(command, [
    ['skiff logs -f', 'follow the log'],
    ['skiff logs --containerd --tail -1', 'all that containerd said'],
  ])
}

async function logs(context: CliContext, flags: LogsFlags): Promise<void> {
  const { paths } = existingCluster(flags)
  const file = flags.containerd === true ? paths.containerd.log : paths.log
  // By name, so that following goes on when the log is rotated.
  const follow = flags.follow === true ? ['-F'] : []
  const count = flags.tail < 0 ? '+1' : String(flags.tail)
  const tail = spawn('tail', ['-n', count, ...follow, '--', file], { stdio: 'inherit', signal: context.signal })
  const [code] = (await once(tail, 'close')) as [number | null]
  if (code !== 0) throw new UserError('the log cannot be read', { hints: [`it would be ${file}`] })
}

function parseLines(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a number.')
  return Number(text)
}
