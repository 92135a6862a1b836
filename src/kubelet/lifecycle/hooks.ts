import type { Frozen } from '../../apimachinery/meta.ts'
import type { LifecycleHandler } from '../../api/generated/types/core/v1.ts'
import type { RuntimeService } from '../cri/services.ts'
import type { PodNetwork } from '../host/network.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { formatPod, type Container, type Pod } from '../pod/spec.ts'
import { resolvePort } from '../ports.ts'
import { textOf } from '../start-error.ts'

export interface HookMeans {
  readonly runtime: RuntimeService
  readonly network: PodNetwork
  readonly env: Env
  /** `kube-lifecycle/1.36`. */
  readonly userAgent: string
}

export interface HookTarget {
  readonly pod: Pod
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
}

const HTTP_TIMEOUT_MS = 30_000

/** Runs a postStart or preStop handler to its end (upstream's pkg/kubelet/lifecycle). Rejects when it fails; stops waiting when the signal aborts. */
export async function runHook(
  handler: Frozen<LifecycleHandler>,
  target: HookTarget,
  means: HookMeans,
  signal: AbortSignal,
): Promise<void> {
  if (handler.exec) return execHook(handler.exec.command ?? [], target, means)
  if (handler.httpGet) return httpHook(handler.httpGet, target, means)
  if (handler.sleep) return sleep(means.env.clock, handler.sleep.seconds * 1000, signal)
  throw new Error(`invalid handler: ${JSON.stringify(handler)}`)
}

async function execHook(command: readonly string[], target: HookTarget, { runtime }: HookMeans): Promise<void> {
  const { exitCode, stderr, stdout } = await runtime.execSync(target.containerId, command, 0)
  if (exitCode === 0) return
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)
  throw new Error(
    `Exec lifecycle hook ([${command.join(' ')}]) for Container ${JSON.stringify(target.container.name)} in Pod ${JSON.stringify(formatPod(target.pod))} failed - error: command '${command.join(' ')}' exited with ${exitCode}: ${output}, message: ${JSON.stringify(output)}`,
  )
}

async function httpHook(
  action: NonNullable<Frozen<LifecycleHandler>['httpGet']>,
  { container, podIP }: HookTarget,
  { network, userAgent }: HookMeans,
): Promise<void> {
  const path = action.path ?? '/'
  const request = {
    host: action.host || podIP,
    port: resolvePort(action.port, container),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: [
      ...(action.httpHeaders ?? []),
      { name: 'User-Agent', value: userAgent },
      { name: 'Accept', value: '*/*' },
    ],
    timeoutMs: HTTP_TIMEOUT_MS,
    maxBytes: 0,
  }
  const scheme = action.scheme === 'HTTPS' ? 'https' : 'http'
  // The answer's status doesn't matter, only that there is one.
  await network.http({ ...request, scheme }).catch((error: unknown) => {
    // A server that speaks plain HTTP on the port is given another chance, as upstream does.
    if (scheme === 'https' && /HTTP response to HTTPS client/.test(textOf(error)))
      return network.http({ ...request, scheme: 'http' })
    throw error
  })
}
