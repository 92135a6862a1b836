import type { Frozen } from '../../apimachinery/meta.ts'
import { formatDuration } from '../../apimachinery/duration/duration.ts'
import type { Probe } from '../../api/generated/types/core/v1.ts'
import { expand } from '../container/expansion.ts'
import { hasCode } from '../cri/error.ts'
import type { RuntimeService } from '../cri/services.ts'
import type { PodNetwork } from '../host/network.ts'
import type { Container } from '../pod/spec.ts'
import { resolvePort } from '../ports.ts'
import { textOf } from '../start-error.ts'

/** What one look at a container found. `error`: the look itself failed, which says nothing of the container. */
export interface Finding {
  readonly result: 'success' | 'warning' | 'failure' | 'error'
  readonly output: string
}

export interface ProbeTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
}

export interface ProbeMeans {
  readonly runtime: RuntimeService
  readonly network: PodNetwork
  /** `kube-probe/1.36`. */
  readonly userAgent: string
}

const MAX_OUTPUT_BYTES = 10 * 1024

/** Looks once, by whichever handler the probe has (upstream's pkg/probe). Never rejects. */
export async function check(probe: Frozen<Probe>, target: ProbeTarget, means: ProbeMeans): Promise<Finding> {
  try {
    if (probe.exec) return await execCheck(probe, target, means)
    if (probe.httpGet) return await httpCheck(probe, target, means)
    if (probe.tcpSocket) return await tcpCheck(probe, target, means)
    if (probe.grpc) return await grpcCheck(probe, target, means)
    return { result: 'error', output: `missing probe handler for ${target.container.name}` }
  } catch (error) {
    return { result: 'error', output: textOf(error) }
  }
}

const timeoutMsOf = (probe: Frozen<Probe>): number => (probe.timeoutSeconds ?? 1) * 1000

async function execCheck(
  probe: Frozen<Probe>,
  { container, containerId }: ProbeTarget,
  { runtime }: ProbeMeans,
): Promise<Finding> {
  const variables = new Map((container.env ?? []).map(({ name, value = '' }) => [name, value]))
  const command = (probe.exec?.command ?? []).map((word) => expand(word, (name) => variables.get(name)))
  const timeoutSeconds = probe.timeoutSeconds ?? 1
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds)
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)
    return { result: exitCode === 0 ? 'success' : 'failure', output: output.slice(0, MAX_OUTPUT_BYTES) }
  } catch (error) {
    if (!hasCode(error, 'DeadlineExceeded')) throw error
    const words = JSON.stringify(command.join(' '))
    return {
      result: 'failure',
      output: `command timed out: ${words} timed out after ${formatDuration(timeoutSeconds * 1000)}`,
    }
  }
}

async function httpCheck(
  probe: Frozen<Probe>,
  target: ProbeTarget,
  { network, userAgent }: ProbeMeans,
): Promise<Finding> {
  const action = probe.httpGet
  if (!action) return { result: 'error', output: 'no httpGet' }
  const path = action.path ?? '/'
  const given = (action.httpHeaders ?? []).map(({ name, value }) => ({ name, value }))
  const names = new Set(given.map(({ name }) => name.toLowerCase()))
  const defaults = [
    { name: 'User-Agent', value: userAgent },
    { name: 'Accept', value: '*/*' },
  ].filter(({ name }) => !names.has(name.toLowerCase()))
  const request = {
    scheme: action.scheme === 'HTTPS' ? ('https' as const) : ('http' as const),
    host: action.host || target.podIP,
    port: resolvePort(action.port, target.container),
    path: path.startsWith('/') ? path : `/${path}`,
    // An empty value asks for the header to be left out.
    headers: [...given.filter(({ value }) => value !== ''), ...defaults],
    timeoutMs: timeoutMsOf(probe),
    maxBytes: MAX_OUTPUT_BYTES,
  }
  const answer = await network.http(request).catch((error: unknown) => ({ failed: textOf(error) }))
  if ('failed' in answer) return { result: 'failure', output: answer.failed }
  if (answer.redirectedTo !== undefined)
    return { result: 'warning', output: `Probe terminated redirects, Response body: ${answer.body}` }
  if (answer.status >= 200 && answer.status < 400) return { result: 'success', output: answer.body }
  return { result: 'failure', output: `HTTP probe failed with statuscode: ${answer.status}` }
}

async function tcpCheck(probe: Frozen<Probe>, target: ProbeTarget, { network }: ProbeMeans): Promise<Finding> {
  const { port = 0, host } = probe.tcpSocket ?? {}
  const number = resolvePort(port, target.container)
  return network.tcp(host || target.podIP, number, timeoutMsOf(probe)).then(
    () => ({ result: 'success', output: '' }),
    (error: unknown) => ({ result: 'failure', output: textOf(error) }),
  )
}

async function grpcCheck(probe: Frozen<Probe>, target: ProbeTarget, { network }: ProbeMeans): Promise<Finding> {
  const { port = 0, service = '' } = probe.grpc ?? {}
  return network.grpcHealth(target.podIP, port, service, timeoutMsOf(probe)).then(
    (status) =>
      status === 'SERVING'
        ? { result: 'success', output: 'service healthy' }
        : { result: 'failure', output: `service unhealthy (responded with ${JSON.stringify(status)})` },
    (error: unknown) => ({ result: 'failure', output: textOf(error) }),
  )
}
