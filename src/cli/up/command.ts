import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { hostNames } from '../../host/cluster/host-names.ts'
import { clusterPaths } from '../../host/cluster/paths.ts'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { readRoutes } from '../../host/network/routes.ts'
import { readServiceTables } from '../../host/network/service-tables.ts'
import type { ImageTarget } from '../../host/image/import.ts'
import { resolveSettings } from '../../host/cluster/resolve.ts'
import { checkName, contextName, listClusters, readSettings, writeSettings } from '../../host/cluster/settings.ts'
import type { ClusterSettings, RuntimeKind } from '../../host/cluster/settings.ts'
import type { GivenApiFlags } from '../api-flags/flag.ts'
import { givenApiFlags, withApiFlags } from '../api-flags/options.ts'
import type { CliContext } from '../context.ts'
import type { ClusterFlags } from '../flags.ts'
import { nameFlag, parseCount, parseLevel, parsePort, parseSeconds, withCluster, withExamples } from '../flags.ts'
import { administratorAccess, connectToCluster } from '../api.ts'
import { addContext } from '../kubeconfig/user-context.ts'
import { style } from '../print.ts'
import { Progress } from '../progress.ts'
import { etcdSettings, withStore, type StoreFlags } from './store-flags.ts'
import { runExample } from './example.ts'
import { checkFlags, demandSame } from './check-flags.ts'
import { prepareHost } from './prepare-host.ts'
import type { ServerProcess } from './server-process.ts'
import { runningServer, startServer } from './server-process.ts'
import { waitForApi, waitForDns, waitForNode } from './wait.ts'

/** The flags that choose a cluster's settings; `up` and `server` have them both. */
export interface SettingsFlags extends ClusterFlags, StoreFlags {
  readonly apiPort?: number
  readonly podCidr?: string
  readonly serviceCidr?: string
  readonly clusterDomain?: string
  readonly nodeName?: string
  readonly nodes?: number
  readonly runtime?: RuntimeKind
  readonly containerRuntimeEndpoint?: string
  readonly manifests?: string
}

/** The API server's flags of this command line, upon those of the last time. */
export type ApiFlagsOf = (saved: GivenApiFlags | undefined) => GivenApiFlags

interface UpFlags extends SettingsFlags {
  readonly wait: boolean
  readonly timeout: number
  readonly install: boolean
  readonly example?: boolean
  readonly v: number
}

/** Adds them. */
export function withSettings(command: Command): Command {
  const all = withStore(withCluster(command)).option(
    '--api-port <port>',
    'where the API listens (6443, or the next one that no other cluster has)',
    parsePort,
  )
  return withNodeSettings(all).option('--manifests <dir>', 'apply the manifests of this folder and keep them applied')
}

/** Adds those that a node goes by, too. */
export function withNodeSettings(command: Command): Command {
  return command
    .option('--pod-cidr <range>', 'the addresses of pods (10.244.0.0/16)')
    .option('--service-cidr <range>', 'the addresses of Services (10.96.0.0/16)')
    .option('--cluster-domain <name>', "the domain of the cluster's names (cluster.local)")
    .option('--node-name <name>', "the node's name (this machine's)")
    .addOption(
      new Option('--runtime <kind>', 'what runs containers; simulated pods pretend').choices([
        'containerd',
        'simulated',
      ]),
    )
    .option('--nodes <count>', 'how many nodes, with simulated pods (1)', parseCount)
    .option('--container-runtime-endpoint <socket>', 'a CRI socket to use instead of a containerd of our own')
}

/** `skiff up` */
export function upCommand(context: CliContext): Command {
  const command = withSettings(new Command('up').description('start a cluster, making it if there is none'))
    .option('--no-wait', 'return as soon as the API is served')
    .option('--timeout <time>', 'how long to wait', parseSeconds, 180)
    .option('--no-install', 'never install packages; say what is missing')
    .option('--example', 'also run the example application')
    .addOption(new Option('-v, --v <level>', 'how much the server logs: 0 to 10').argParser(parseLevel).default(0))
    .addHelpText(
      'after',
      '\nIt takes the flags of the API server, too, which skiff server --help shows, and remembers them.',
    )
    .action((flags: UpFlags) => up(context, flags, (saved) => givenApiFlags(command, context.apiFlags, saved)))
  withApiFlags(command, context.apiFlags, { hidden: true })
  return withExamples(command, [
    ['skiff up', 'a cluster of one node, in real containers'],
    ['skiff up --runtime simulated', 'the whole API without root; pods pretend'],
    ['skiff up --name dev --manifests ./deploy', 'a second cluster that runs what is in ./deploy'],
  ])
}

/**
 * The settings that the flags, the last time and the other clusters lead to. One that is not alone is a part of another of this
 * machine, and shares its addresses.
 */
export function settingsFor(
  flags: SettingsFlags,
  { alone = true, apiFlags }: { readonly alone?: boolean; readonly apiFlags: ApiFlagsOf },
): ClusterSettings {
  const { name, dataDir, manifests } = flags
  checkName(name)
  const paths = clusterPaths(dataDir, name)
  const saved = readSettings(paths.settings)
  const { bridge, tablePrefix } = hostNames(paths)
  const isReal = (flags.runtime ?? saved?.runtime) !== 'simulated'
  const routes = [
    ...readRoutes().filter(({ link }) => link !== bridge),
    ...(isReal && alone ? readServiceTables(tablePrefix) : []),
  ]
  const others = alone ? listClusters(dataDir).filter((other) => other.name !== name) : []
  const { apiPort, podCidr, serviceCidr, clusterDomain, nodeName, nodes, runtime, containerRuntimeEndpoint } = flags
  const wanted = { apiPort, podCidr, serviceCidr, clusterDomain, nodeName, nodes, runtime, containerRuntimeEndpoint }
  const folder = manifests === undefined ? {} : { manifests: resolve(manifests) }
  const etcd = etcdSettings(flags, saved)
  const said = apiFlags(saved?.apiFlags)
  const saidOfApi = saved?.apiFlags || Object.keys(said).length > 0 ? { apiFlags: said } : {}
  return resolveSettings(
    { name, ...wanted, ...folder, ...(etcd && { etcd }), ...saidOfApi },
    { saved, others, routes, hostname: hostname() },
  )
}

async function up(context: CliContext, flags: UpFlags, apiFlags: ApiFlagsOf): Promise<void> {
  const settings = settingsFor(flags, { apiFlags })
  const paths = clusterPaths(flags.dataDir, settings.name)
  const progress = new Progress(context.env.clock, context.err)
  context.err.write(`${style(context.err, 'bold', `Cluster "${settings.name}"`)}, its state in ${paths.root}\n`)
  const startedMs = runningServer(paths) ? 0 : context.env.clock.now()
  const server = await bringUp(context, progress, flags, settings)
  const api = connectToCluster(context, paths)
  try {
    const deadline = context.env.clock.monotonic() + flags.timeout * 1000
    const waiting = { api, settings, deadline, server, startedMs }
    await waitForApi(context, progress, waiting)
    // Before the rest is waited for: should that fail, kubectl helps to find out why.
    const file = await addContext(context, settings.name, paths, administratorAccess(context, paths))
    progress.done('kubectl', `context "${contextName(settings.name)}" in ${file}`)
    if (flags.wait) await waitForNode(context, progress, waiting)
    if (flags.wait && settings.runtime === 'containerd') await waitForDns(context, progress, waiting)
    if (flags.example === true)
      await runExample(context, progress, { ...waiting, target: imageTarget(settings, paths) })
  } finally {
    server.letGo()
    api.close()
  }
  context.out.write(nextSteps(settings))
}

/** The cluster's server: the one that runs, or a new one on a machine made ready for it. */
async function bringUp(
  context: CliContext,
  progress: Progress,
  { dataDir, install, v }: UpFlags,
  settings: ClusterSettings,
): Promise<ServerProcess> {
  const paths = clusterPaths(dataDir, settings.name)
  const running = runningServer(paths)
  const saved = readSettings(paths.settings)
  await checkFlags(context, settings, saved)
  if (running) {
    if (saved) demandSame(settings, saved)
    progress.done('server', 'is already running')
    return running
  }
  await prepareHost(context, progress, { dataDir, settings, install })
  writeSettings(paths.settings, settings)
  return startServer(context, { settings, paths, dataDir, verbosity: v })
}

/** Where images go; undefined when pods are simulated and need none. */
function imageTarget(
  { runtime, containerRuntimeEndpoint }: ClusterSettings,
  paths: ClusterPaths,
): ImageTarget | undefined {
  return runtime === 'simulated' ? undefined : { socket: containerRuntimeEndpoint ?? paths.containerd.socket }
}

function nextSteps({ name, runtime }: ClusterSettings): string {
  const flag = nameFlag(name)
  const load = runtime === 'simulated' ? [] : [`skiff image load FILE.tar${flag}   make an image usable at once`]
  const lines = ['kubectl get pods -A', `skiff status${flag}`, ...load, `skiff down${flag}   stop it; its state stays`]
  return `\nNow try:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
