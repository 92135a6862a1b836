import { Command } from 'commander'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { StatusError } from '../../apimachinery/status.ts'
import { TransportError } from '../../client/transport.ts'
import { readProcessFile } from '../../host/cluster/process-file.ts'
import { contextName } from '../../host/cluster/settings.ts'
import { isRunning } from '../../host/containerd/supervise.ts'
import { EXIT, UserError, messageOf } from '../../host/user-error.ts'
import type { ClusterApi } from '../api.ts'
import { connectToCluster } from '../api.ts'
import type { CliContext } from '../context.ts'
import type { ClusterFlags, ExistingCluster, OutputFormat } from '../flags.ts'
import { existingCluster, nameFlag, withCluster, withExamples, withOutput } from '../flags.ts'
import { print } from '../print.ts'

/** What `status` tells. */
interface ClusterStatus {
  readonly name: string
  readonly running: boolean
  readonly pid?: number
  readonly api: string
  readonly containerd?: string
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly message: string }[]
  readonly pods: Readonly<Record<string, number>>
  readonly context: string
  readonly state: string
}

/** `skiff status` */
export function statusCommand(context: CliContext): Command {
  const command = withOutput(withCluster(new Command('status').description('say how a cluster is')))
    .addHelpText('after', '\nThe exit code is 0 when it runs and serves, 5 when it does not.')
    .action((flags: ClusterFlags & { output?: OutputFormat }) => status(context, flags))
  return withExamples(command, [['skiff status -o json', 'for a program to read']])
}

async function status(context: CliContext, flags: ClusterFlags & { output?: OutputFormat }): Promise<void> {
  const cluster = existingCluster(flags)
  const found = await look(context, cluster)
  print(context, found, flags.output, describe)
  if (!found.running || found.api !== 'ready') {
    const flag = nameFlag(found.name)
    const problem = found.running
      ? `the API of cluster "${found.name}" does not answer`
      : `cluster "${found.name}" does not run`
    throw new UserError(problem, {
      hints: [found.running ? `see what the server says: skiff logs${flag}` : `start it: skiff up${flag}`],
      exitCode: EXIT.notRunning,
    })
  }
}

async function look(context: CliContext, { settings, paths }: ExistingCluster): Promise<ClusterStatus> {
  const server = readProcessFile(paths.pidFile)
  const own = settings.runtime === 'containerd' && settings.containerRuntimeEndpoint === undefined
  return {
    name: settings.name,
    running: server !== undefined,
    ...(server && { pid: server.pid }),
    ...(own && { containerd: (await isRunning(paths)) ? 'running' : 'not running' }),
    ...(server ? await askApi(context, { settings, paths }) : { api: 'not served', nodes: [], pods: {} }),
    context: contextName(settings.name),
    state: paths.root,
  }
}

type ApiStatus = Pick<ClusterStatus, 'api' | 'nodes' | 'pods'>

async function askApi(context: CliContext, { paths }: ExistingCluster): Promise<ApiStatus> {
  const api = connectToCluster(context, paths)
  try {
    const { status, body } = await api.transport.request({ method: 'GET', path: '/readyz' })
    const ready = status === 200 ? 'ready' : `not ready: ${typeof body === 'string' ? body.trim() : status}`
    return { api: ready, nodes: await listNodes(api), pods: await countPods(api) }
  } catch (error) {
    if (!(error instanceof TransportError || error instanceof StatusError)) throw error
    return { api: `not ready: ${messageOf(error)}`, nodes: [], pods: {} }
  } finally {
    api.close()
  }
}

async function listNodes({ client }: ClusterApi): Promise<ClusterStatus['nodes']> {
  const { items } = await client(nodes).list({ resourceVersion: '0' })
  return items.map((node) => {
    const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')
    return { name: node.metadata.name ?? '', ready: ready?.status === 'True', message: ready?.message ?? '' }
  })
}

async function countPods({ client }: ClusterApi): Promise<Record<string, number>> {
  const { items } = await client(pods).list({ resourceVersion: '0' })
  const counts: Record<string, number> = {}
  for (const pod of items) {
    const phase = pod.status?.phase ?? 'Unknown'
    counts[phase] = (counts[phase] ?? 0) + 1
  }
  return counts
}

function describe(status: ClusterStatus): string {
  const nodeLines = status.nodes.map(
    ({ name, ready, message }) => `${name} is ${ready ? 'Ready' : `not ready: ${message}`}`,
  )
  const counts = Object.entries(status.pods).map(([phase, count]) => `${count} ${phase}`)
  const rows: [string, string][] = [
    ['cluster', status.name],
    ['server', status.pid === undefined ? 'not running' : `running, process ${status.pid}`],
    ['API', status.api],
    ...(status.containerd === undefined ? [] : [['containerd', status.containerd] as [string, string]]),
    ...nodeLines.map((line): [string, string] => ['node', line]),
    ['pods', counts.join(', ') || 'none'],
    ['context', status.context],
    ['state', status.state],
  ]
  return rows.map(([what, text]) => `${what.padEnd(12)}${text}\n`).join('')
}
