import { flushCompileCache } from 'node:module'
import { Command, Option } from 'commander'
import { givenApiFlags, withApiFlags } from '../../cli/api-flags/options.ts'
import type { CliContext } from '../../cli/context.ts'
import { parseDurationMs, parseLevel, withCluster, withExamples } from '../../cli/flags.ts'
import { settingsFor, withNodeSettings, withSettings } from '../../cli/up/command.ts'
import type { ApiFlagsOf, SettingsFlags } from '../../cli/up/command.ts'
import type { ServerMessage } from '../../cli/up/server-process.ts'
import { clusterPaths } from '../../host/cluster/paths.ts'
import { boundedLog } from '../../host/cluster/log-file.ts'
import { writeSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError, messageOf } from '../../host/user-error.ts'
import type { Logger } from '../../lib/log.ts'
import { lineLogger } from '../../lib/host/line-logger.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import { API_FLAGS } from './api-config/flags.ts'
import { COMPONENTS, parseComponents } from './components.ts'
import { nodeKubeconfig } from './node-kubeconfig.ts'
import { runServer } from './run.ts'

interface ServerFlags extends SettingsFlags {
  readonly bindAddress?: string
  readonly advertiseAddress?: string
  readonly components: string
  readonly kubeconfig?: string
  readonly bootstrapKubeconfig?: string
  /** In ms. */
  readonly clusterSigningDuration?: number
  readonly legacyServiceAccountTokenCleanUpPeriod?: number
  readonly rotateServerCertificates?: boolean
  readonly rotateCertificates?: boolean
  readonly logFormat: 'text' | 'json'
  readonly v: number
}

/** `skiff server` */
export function serverCommand(context: CliContext): Command {
  const command = withSettings(
    new Command('server').description('run a cluster in the foreground, for systemd and the like'),
  )
    .option('--bind-address <ip>', 'where the API listens (everywhere; on loopback alone with simulated pods)')
    .option('--advertise-address <ip>', "how others reach this node (the default route's address)")
    .option('--components <list>', `what this process is made of: all, or some of ${COMPONENTS.join(',')}`, 'all')
    .option('--kubeconfig <file>', 'how to reach the API server where it is none of the components')
    .option(
      '--cluster-signing-duration <duration>',
      'the longest that certificates last that are asked for, such as 720h (a year)',
      parseDurationMs,
    )
    .option(
      '--legacy-service-account-token-clean-up-period <duration>',
      'how long tokens in Secrets stay that were made by themselves and that nobody uses, such as 8760h (a year)',
      parseDurationMs,
    )
    .option(
      '--rotate-certificates',
      'a node agent apart asks the cluster for a new client certificate before its own ends',
    )
    .option(
      '--rotate-server-certificates',
      'the node agent asks the cluster for the certificate it serves with; somebody has to approve',
    )
    .addOption(new Option('--log-format <format>', 'how it logs').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('-v, --v <level>', 'how much is logged: 3 each request, 4 what helps to find faults')
        .argParser(parseLevel)
        .default(0),
    )
    .addHelpText(
      'after',
      '\nIn parentheses stands what holds unless it is told.\nIt ends with SIGTERM or Ctrl-C. Containers go on, and the next server adopts them; skiff down ends them.',
    )
    .action((flags: ServerFlags) => server(context, flags, (saved) => givenApiFlags(command, API_FLAGS, saved)))
  withApiFlags(command, API_FLAGS)
  return withExamples(command, [
    ['skiff server --name prod --log-format json', "what a service unit's ExecStart says"],
    ['skiff server --components apiserver', 'the API server alone'],
    [
      'skiff server --name ctl --components controllers,scheduler --kubeconfig FILE',
      'and the rest of the control plane',
    ],
  ])
}

/** `skiff agent`: of a server, the node alone. */
export function agentCommand(context: CliContext): Command {
  const command = withNodeSettings(
    withCluster(new Command('agent').description('run a node of a cluster whose API server is elsewhere')),
  )
    .option('--kubeconfig <file>', "how the node reaches the API server (kubelet.kubeconfig in the cluster's folder)")
    .option(
      '--bootstrap-kubeconfig <file>',
      'where there is none yet: how to ask for a place in the cluster, mostly with a bootstrap token',
    )
    .option('--advertise-address <ip>', "how others reach this node (the default route's address)")
    .option('--no-rotate-certificates', 'do not ask for a new client certificate before its own ends')
    .option(
      '--rotate-server-certificates',
      'ask the cluster for the certificate it serves with, too; somebody has to approve',
    )
    .addOption(new Option('--log-format <format>', 'how it logs').choices(['text', 'json']).default('text'))
    .addOption(new Option('-v, --v <level>', 'how much is logged').argParser(parseLevel).default(0))
    .addHelpText(
      'after',
      "\nThe ranges of addresses and the domain have to be the cluster's.\nIt ends with SIGTERM or Ctrl-C. Containers go on, and the next agent adopts them.",
    )
    .action((flags: Omit<ServerFlags, 'components'>) => {
      const kubeconfig = flags.kubeconfig ?? nodeKubeconfig(clusterPaths(flags.dataDir, flags.name).root)
      return server(context, { ...flags, components: 'node', kubeconfig }, () => ({}))
    })
  return withExamples(command, [
    ['skiff agent --bootstrap-kubeconfig join.yaml', 'join a cluster'],
    ['skiff agent --kubeconfig node.yaml', 'with a certificate that an administrator made'],
  ])
}

async function server(context: CliContext, flags: ServerFlags, apiFlags: ApiFlagsOf): Promise<void> {
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(name)))
  const verbosity: Verbosity = { level: flags.v }
  const log = serverLog(context, flags, verbosity)
  try {
    const settings = settingsFor(flags, { alone: flags.kubeconfig === undefined, apiFlags })
    const paths = clusterPaths(flags.dataDir, settings.name)
    // What it could not start with is not remembered.
    if (settings.apiFlags) await context.checkApiFlags(settings.apiFlags, settings)
    writeSettings(paths.settings, settings)
    await runServer({
      settings,
      paths,
      env: { ...context.env, log },
      verbosity,
      bindAddress: flags.bindAddress ?? (settings.runtime === 'simulated' ? '127.0.0.1' : '0.0.0.0'),
      components: parseComponents(flags.components),
      ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
      ...(flags.bootstrapKubeconfig !== undefined && { bootstrapKubeconfig: flags.bootstrapKubeconfig }),
      ...(flags.advertiseAddress !== undefined && { advertiseAddress: flags.advertiseAddress }),
      ...(flags.clusterSigningDuration !== undefined && { clusterSigningDurationMs: flags.clusterSigningDuration }),
      ...(flags.legacyServiceAccountTokenCleanUpPeriod !== undefined && {
        legacyTokenCleanUpMs: flags.legacyServiceAccountTokenCleanUpPeriod,
      }),
      ...(flags.rotateServerCertificates === true && { rotateServerCertificates: true }),
      ...(flags.rotateCertificates === true && { rotateCertificates: true }),
      signal: stop.signal,
      onServing() {
        tellStarter({ type: 'serving' })
        // What was compiled on the way here is kept for the next start.
        flushCompileCache()
      },
    })
  } catch (error) {
    log.error('the server has failed', { err: error })
    tellStarter(failureMessage(error))
    throw error
  } finally {
    // The channel would keep the process from ending.
    if (process.connected) process.disconnect()
  }
}

/** Logs to standard error. In the background that is the cluster's log file, which nobody else keeps small. */
function serverLog({ env, err }: CliContext, { name, dataDir, logFormat }: ServerFlags, verbosity: Verbosity): Logger {
  const bound = process.connected ? boundedLog(clusterPaths(dataDir, name).log) : undefined
  return lineLogger({
    clock: env.clock,
    level: 'info',
    verbosity,
    format: logFormat,
    write(line) {
      err.write(line)
      bound?.(line)
    },
  })
}

function failureMessage(error: unknown): ServerMessage {
  const { hints, exitCode } = error instanceof UserError ? error : { hints: [], exitCode: EXIT.failed }
  return { type: 'failed', message: messageOf(error), hints, exitCode }
}

/** Tells the `skiff up` that started this process, while it still listens. */
function tellStarter(message: ServerMessage): void {
  if (process.connected) process.send?.(message)
}
