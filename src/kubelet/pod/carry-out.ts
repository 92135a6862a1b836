import { CPU_PERIOD_US, liveLimits } from '../container/resources.ts'
import type { ReadyImage } from '../images/puller.ts'
import type { Plan } from '../plan/plan.ts'
import { findContainer, readySandbox } from '../runtime/observed.ts'
import { StartError } from '../start-error.ts'
import type { Waiting } from '../status/container.ts'
import type { MountedVolume } from '../container/mounts.ts'
import { unlessAborted } from './abort.ts'
import { containerEvent } from './event.ts'
import { killContainer, killPod } from './kill.ts'
import type { PodMeans } from './means.ts'
import { formatPod, uidOf, type Container, type Pod } from './spec.ts'
import { startContainer, type StartPlace } from './start-container.ts'
import { sandboxConfigFor, startSandbox } from './start-sandbox.ts'
import { formatDuration } from '../../apimachinery/duration/duration.ts'

/** One pass over a pod. */
export interface Pass {
  readonly pod: Pod
  readonly plan: Plan
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** Why containers wait, and until when, by name: set and cleared as they are started. */
  readonly waiting: Map<string, WaitingUntil>
  /** Aborted when the pod has something more urgent to do: only pulls and hooks are given up. */
  readonly signal: AbortSignal
}

/** Why a container could not be started, and when that is to be tried again. */
export interface WaitingUntil extends Waiting {
  readonly untilMs: number
}

/** When to look at the pod again, in ms since the epoch; undefined when something will have changed by then anyway. */
export type LookAgain = number | undefined

/** Does what the plan says, in its order (upstream's SyncPod). A container that cannot be started holds up none of the others. */
export async function carryOut(pass: Pass, means: PodMeans): Promise<LookAgain> {
  const { pod, plan, signal } = pass
  const images = prepareImages(pass, means)
  if (plan.killPod) {
    if (plan.createSandbox && plan.sandboxId !== undefined)
      means.events.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
    await killPod(pod, { signal, hooked: new Set() }, means)
    if (!plan.createSandbox) return undefined
  }
  for (const kill of plan.kill) {
    const container = means.observed.get(uidOf(pod))?.containers.find(({ id }) => id === kill.id)
    if (container)
      await killContainer(
        { pod, container, message: kill.message, reason: kill.reason, signal, hooked: new Set() },
        means,
      )
  }
  for (const { id, container } of plan.resize) await resize(pod, id, container, means)
  const toStart = [...plan.startEphemeral, ...plan.startInit, ...plan.start]
  if (!plan.createSandbox && toStart.length === 0) return undefined
  return means.starts.run(async () => {
    const place = await placeFor(pass, means)
    let again: LookAgain
    for (const container of toStart) again = earlier(again, await start(container, pass, place, images, means))
    return again
  })
}

/** Changes a running container's limits. */
async function resize(pod: Pod, id: string, container: Container, { runtime, observed }: PodMeans): Promise<void> {
  const { cpuShares, cpuQuota, memoryLimitInBytes } = liveLimits(pod, container)
  await runtime.updateContainerResources(id, {
    cpuShares,
    cpuPeriod: CPU_PERIOD_US,
    // 0 would leave the quota that there is.
    cpuQuota: cpuQuota === 0 ? -1 : cpuQuota,
    memoryLimitInBytes,
  })
  await observed.refreshContainer(id)
}

const earlier = (a: LookAgain, b: LookAgain): LookAgain =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)

async function placeFor({ pod, plan, volumes, signal }: Pass, means: PodMeans): Promise<StartPlace> {
  if (plan.createSandbox) {
    const { sandbox, config } = await startSandbox(pod, plan.attempt, means)
    const podIPs = sandbox.hostNetwork ? means.node.hostIPs : sandbox.ips
    return { sandboxId: sandbox.id, sandbox: config, podIPs, volumes, roundMs: plan.roundMs, signal }
  }
  const observed = means.observed.get(uidOf(pod))
  const sandbox = observed && readySandbox(observed)
  if (!sandbox) throw new StartError('CreatePodSandboxError', 'the pod sandbox is gone')
  const config = await sandboxConfigFor(pod, plan.attempt, means)
  return {
    sandboxId: sandbox.id,
    sandbox: config,
    podIPs: sandbox.hostNetwork ? means.node.hostIPs : sandbox.ips,
    volumes,
    roundMs: plan.roundMs,
    signal,
  }
}

type Images = ReadonlyMap<string, () => Promise<ReadyImage>>

/** Begins to look for the images of what is to be started while the sandbox is made. Containers that have to wait wait with theirs. */
function prepareImages(pass: Pass, means: PodMeans): Images {
  const { plan } = pass
  const prepared = new Map<string, () => Promise<ReadyImage>>()
  for (const container of [...plan.startEphemeral, ...plan.startInit, ...plan.start]) {
    if (waitsStill(container, pass, means) || crashWait(container, pass, means)) continue
    const image = ensureImage(container, pass, means)
    image.catch(() => undefined) // Heard when the container's turn comes.
    prepared.set(container.name, () => image)
  }
  return prepared
}

async function ensureImage(container: Container, { pod, signal }: Pass, means: PodMeans): Promise<ReadyImage> {
  const { images, objects, events } = means
  const { namespace = '' } = pod.metadata
  const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []))
  const secrets = await Promise.all(names.map((name) => objects.secret(namespace, name)))
  const ready = images.ensure({
    pod,
    image: container.image ?? '',
    policy: container.imagePullPolicy ?? 'IfNotPresent',
    secrets: secrets.filter((secret) => secret !== undefined),
    sandbox: await sandboxConfigFor(pod, 0, means),
    event: (type, reason, message) => containerEvent(events, pod, container, type, reason, message),
  })
  return unlessAborted(ready, signal)
}

async function start(
  container: Container,
  pass: Pass,
  place: StartPlace,
  images: Images,
  means: PodMeans,
): Promise<LookAgain> {
  const { pod, waiting, signal } = pass
  if (waitsStill(container, pass, means)) return waiting.get(container.name)?.untilMs
  const { roundMs } = pass.plan
  if (roundMs + ROUND_PAUSE_MS > means.env.clock.now() && isOfFormerRound(container, pass, means))
    return roundMs + ROUND_PAUSE_MS
  const crash = crashWait(container, pass, means)
  if (crash) {
    const message = `Back-off restarting failed container ${container.name} in pod ${formatPod(pod)}`
    containerEvent(means.events, pod, container, 'Warning', 'BackOff', message)
    waiting.set(container.name, crash)
    return crash.untilMs
  }
  try {
    const image = await images.get(container.name)?.()
    if (!image) throw new StartError('ErrImagePull', 'no image')
    noteStart(container, pass, means)
    await startContainer(pod, container, image, place, means)
    waiting.delete(container.name)
    await removeOldInstances(pod, container, means)
    return undefined
  } catch (error) {
    if (signal.aborted || !(error instanceof StartError)) throw error
    const untilMs = error.retryAtMs ?? means.env.clock.now() + RETRY_MS
    waiting.set(container.name, { reason: error.reason, message: error.message, untilMs })
    if (error.reason.startsWith('ErrImage') || error.reason.endsWith('BackOff') || error.reason === 'InvalidImageName')
      containerEvent(means.events, pod, container, 'Warning', 'Failed', `Error: ${error.reason}`)
    return untilMs
  }
}

/** Whether a container that could not be started has to wait before the next try. */
function waitsStill({ name }: Container, { waiting }: Pass, { env }: PodMeans): boolean {
  return (waiting.get(name)?.untilMs ?? 0) > env.clock.now()
}

/** What a container that could not be started is tried again after (upstream's backOffPeriod). */
const RETRY_MS = 10_000

const crashKey = (container: Container, pod: Pod): string => `${uidOf(pod)}/${container.name}`

/** A new round of all containers begins so long after the end that led to it, however often: the pace of upstream's look at the runtime. */
const ROUND_PAUSE_MS = 1000

function isOfFormerRound({ name }: Container, { pod, plan }: Pass, { observed }: PodMeans): boolean {
  const state = observed.get(uidOf(pod))
  const last = state && findContainer(state, name)
  return last !== undefined && last.roundMs < plan.roundMs
}

/** When the container ended last. An end of a round that is over counts no more: upstream has removed all of its containers. */
function lastEnd(container: Container, pass: Pass, means: PodMeans): number | undefined {
  const state = means.observed.get(uidOf(pass.pod))
  const last = state && findContainer(state, container.name)
  return last?.state === 'exited' && !isOfFormerRound(container, pass, means) ? last.finishedAtMs : undefined
}

/** Whether a container that keeps ending has to wait, and until when (upstream's doBackOff). */
function crashWait(
  container: Container,
  pass: Pass,
  means: PodMeans,
): (Waiting & { readonly untilMs: number }) | undefined {
  const { crashes } = means
  const { pod } = pass
  const endedMs = lastEnd(container, pass, means)
  if (endedMs === undefined) return undefined
  const key = crashKey(container, pod)
  const untilMs = crashes.waitUntil(key, endedMs)
  if (untilMs === undefined) return undefined
  return {
    reason: 'CrashLoopBackOff',
    message: `back-off ${formatDuration(crashes.delayMs(key))} restarting failed container=${container.name} pod=${formatPod(pod)}`,
    untilMs,
  }
}

function noteStart(container: Container, pass: Pass, means: PodMeans): void {
  const endedMs = lastEnd(container, pass, means)
  if (endedMs !== undefined) means.crashes.next(crashKey(container, pass.pod), endedMs)
}

/** Of each container the newest and the one before it are kept, with their logs. */
async function removeOldInstances(
  pod: Pod,
  container: Container,
  { observed, runtime, host, env }: PodMeans,
): Promise<void> {
  const state = observed.get(uidOf(pod))
  const old = (state?.containers ?? []).filter(({ name }) => name === container.name).slice(2)
  for (const { id, logPath } of old) {
    try {
      await runtime.removeContainer(id)
      observed.forget(id)
      if (logPath) await host.files.remove(logPath)
    } catch (err) {
      env.log.warn('could not remove a dead container', { id, err })
    }
  }
}
