import { sleep } from '../../lib/clock.ts'
import { runHook } from '../lifecycle/hooks.ts'
import { terminationOrder, type KillReason } from '../plan/plan.ts'
import type { ObservedContainer } from '../runtime/observed.ts'
import { unlessAborted } from './abort.ts'
import { containerEvent } from './event.ts'
import type { PodMeans } from './means.ts'
import { containerNamed, gracePeriodOf, uidOf, type Container, type Pod } from './spec.ts'

/** Even without grace a container gets this long to end by itself. */
const MIN_GRACE_SECONDS = 2
const USER_AGENT = 'kube-lifecycle/1.36'

export interface KillRequest {
  readonly pod: Pod
  readonly container: ObservedContainer
  /** For the event; a default says that it is stopped. */
  readonly message?: string
  readonly reason: KillReason
  /** In place of what the pod and its probes say. */
  readonly graceSeconds?: number
  /** Stops waiting for the container's end, which is on its way all the same. */
  readonly signal: AbortSignal
  /** The containers whose preStop hook has been run: it is not run again when the grace period is cut short. */
  readonly hooked: Set<string>
}

/** Ends a container: its preStop hook, then SIGTERM, then, when its grace period is over, SIGKILL (upstream's killContainer). */
export async function killContainer(request: KillRequest, means: PodMeans): Promise<void> {
  const { pod, container, message } = request
  const { runtime, observed, events, env } = means
  const spec = containerNamed(pod, container.name)?.container
  containerEvent(events, pod, container, 'Normal', 'Killing', message || `Stopping container ${container.name}`)
  const graceSeconds = request.graceSeconds ?? graceOf(pod, spec, request.reason)
  const began = env.clock.monotonic()
  if (spec?.lifecycle?.preStop && graceSeconds > 0 && !request.hooked.has(container.id)) {
    request.hooked.add(container.id)
    await preStop(request, spec, graceSeconds, means)
  }
  const spentSeconds = Math.floor((env.clock.monotonic() - began) / 1000)
  const leftSeconds = Math.max(MIN_GRACE_SECONDS, graceSeconds - spentSeconds)
  await unlessAborted(runtime.stopContainer(container.id, leftSeconds), request.signal)
  await observed.refreshContainer(container.id)
}

/** The grace period: what the deletion says, else the failed probe's own, else the pod's. */
function graceOf(pod: Pod, spec: Container | undefined, reason: KillReason): number {
  if (reason === 'RestartAllContainers') return 0
  if (pod.metadata.deletionGracePeriodSeconds !== undefined) return gracePeriodOf(pod)
  const probe =
    reason === 'LivenessProbe' ? spec?.livenessProbe : reason === 'StartupProbe' ? spec?.startupProbe : undefined
  return probe?.terminationGracePeriodSeconds ?? gracePeriodOf(pod)
}

/** Waits for the hook no longer than the grace period lasts. */
async function preStop(
  { pod, container, signal }: KillRequest,
  spec: Container,
  graceSeconds: number,
  means: PodMeans,
): Promise<void> {
  const { runtime, host, env, events, observed } = means
  const handler = spec.lifecycle?.preStop
  if (!handler) return
  const podIP = observed.get(uidOf(pod))?.sandboxes[0]?.ips[0] ?? pod.status?.podIP ?? ''
  const done = new AbortController()
  const hookSignal = AbortSignal.any([signal, done.signal])
  const target = { pod, container: spec, containerId: container.id, podIP }
  const hook = runHook(handler, target, { runtime, network: host.network, env, userAgent: USER_AGENT }, hookSignal)
  const timeout = sleep(env.clock, graceSeconds * 1000, hookSignal)
  try {
    await Promise.race([hook, timeout])
  } catch (error) {
    if (!signal.aborted) {
      containerEvent(events, pod, spec, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
      env.log.info('preStop hook failed', { pod: pod.metadata.name, container: spec.name, err: error })
    }
  } finally {
    done.abort()
    await Promise.allSettled([timeout])
    hook.catch(() => undefined) // Given up on: what becomes of it changes nothing.
  }
}

/** Ends all of a pod's running containers, sidecars last, within one grace period; then stops its sandboxes. */
export async function killPod(
  pod: Pod,
  options: Pick<KillRequest, 'graceSeconds' | 'signal' | 'hooked'>,
  means: PodMeans,
): Promise<void> {
  const { runtime, observed, env } = means
  const began = env.clock.monotonic()
  const total = options.graceSeconds ?? gracePeriodOf(pod)
  const running =
    observed.get(uidOf(pod))?.containers.filter(({ state }) => state === 'running' || state === 'unknown') ?? []
  for (const wave of terminationOrder(pod, running)) {
    const left = Math.max(0, total - Math.floor((env.clock.monotonic() - began) / 1000))
    await Promise.all(
      wave.map((container) =>
        killContainer({ ...options, pod, container, reason: 'Unknown', graceSeconds: left }, means),
      ),
    )
  }
  for (const { id, ready } of observed.get(uidOf(pod))?.sandboxes ?? []) {
    if (!ready) continue
    await runtime.stopPodSandbox(id)
    await observed.refreshSandbox(id)
  }
}
