import { uidOf, type Pod } from '../pod/spec.ts'
import { findContainer, readySandbox } from '../runtime/observed.ts'
import { textOf } from '../start-error.ts'
import { isStreamPath, NodeApiError, text, type NodeResponse } from './api.ts'
import { containerOf, podNamed, type ServerContext } from './context.ts'
import { isPlain, readNodePath } from './node-path.ts'

const flag = (query: URLSearchParams, ...names: string[]): boolean =>
  names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''))

/** Prepares the session that a path asks for. Rejects with a NodeApiError. */
export async function openSession(context: ServerContext, url: string): Promise<string> {
  const path = readNodePath(url)
  if (!isPlain(path)) throw new NodeApiError(400, '400 Bad Request')
  if (!isStreamPath(path)) throw new NodeApiError(404, '404 page not found\n')
  const { parts, query } = path
  const [kind = '', namespace = '', podName = '', ...rest] = parts
  const pod = podNamed(context, namespace, podName)
  // A uid may stand before the container.
  const containerName = rest.at(-1) ?? ''
  try {
    if (kind === 'portForward') return await portForward(context, pod, query)
    const containerId = runningContainer(context, pod, containerName)
    const { runtime } = context.means
    const tty = flag(query, 'tty')
    const streams = {
      containerId,
      tty,
      stdin: flag(query, 'input', 'stdin'),
      stdout: flag(query, 'output', 'stdout'),
      stderr: flag(query, 'error', 'stderr') && !tty,
    }
    if (kind === 'attach') return await runtime.attach(streams)
    return await runtime.exec({ ...streams, cmd: query.getAll('command') })
  } catch (error) {
    if (error instanceof NodeApiError) throw error
    throw new NodeApiError(500, textOf(error))
  }
}

function runningContainer({ means }: ServerContext, pod: Pod, name: string): string {
  containerOf(pod, name)
  const observed = means.observed.get(uidOf(pod))
  const container = observed && findContainer(observed, name)
  if (container?.state !== 'running') throw new NodeApiError(404, `container not found (${JSON.stringify(name)})`)
  return container.id
}

async function portForward({ means }: ServerContext, pod: Pod, query: URLSearchParams): Promise<string> {
  const observed = means.observed.get(uidOf(pod))
  const sandbox = observed && readySandbox(observed)
  if (!sandbox)
    throw new NodeApiError(404, `pod not found (${JSON.stringify(`${pod.metadata.name}_${pod.metadata.namespace}`)})`)
  return means.runtime.portForward({ podSandboxId: sandbox.id, port: query.getAll('port').map(Number) })
}

/** `/run/{namespace}/{pod}/{container}?cmd=...`: runs a command to its end and answers with what it said. */
export async function runCommand(
  context: ServerContext,
  [namespace = '', podName = '', ...rest]: readonly string[],
  query: URLSearchParams,
): Promise<NodeResponse> {
  const pod = podNamed(context, namespace, podName)
  const id = runningContainer(context, pod, rest.at(-1) ?? '')
  const command = (query.get('cmd') ?? '').split(' ').filter(Boolean)
  const { stdout, stderr, exitCode } = await context.means.runtime.execSync(id, command, 0)
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)
  return exitCode === 0 ? text(output) : text(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`, 500)
}
