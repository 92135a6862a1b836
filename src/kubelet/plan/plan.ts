import { ephemeralContainers, isSidecar, type Container, type Pod } from '../pod/spec.ts'
import { findContainer, type ObservedContainer, type ObservedPod } from '../runtime/observed.ts'
import { hashOf } from './hash.ts'
import { planInit } from './init.ts'
import { resizeNeeded } from './resize.ts'
import { formerRound, killsOf, roundOf } from './restart-all.ts'
import { restartsOnFailure, shouldStart } from './restart.ts'
import { sandboxNeeded } from './sandbox.ts'

/** Why a container is killed; decides which grace period holds. */
export type KillReason =
  | 'StartupProbe'
  | 'LivenessProbe'
  | 'FailedPostStartHook'
  | 'RestartAllContainers'
  | 'Unknown'
  | ''

export interface Kill {
  readonly id: string
  readonly name: string
  /** For the event. */
  readonly message: string
  readonly reason: KillReason
}

export interface Resize {
  readonly id: string
  readonly container: Container
}

/** What brings a pod nearer to its spec: carried out in the order of the fields, then planned again. */
export interface Plan {
  /** Stop everything and the sandbox: it is no good, or nothing is left to do. */
  readonly killPod: boolean
  readonly kill: readonly Kill[]
  /** Running containers whose limits are to be changed. */
  readonly resize: readonly Resize[]
  readonly createSandbox: boolean
  readonly attempt: number
  /** The sandbox at hand, or the one to be replaced. */
  readonly sandboxId: string | undefined
  readonly startEphemeral: readonly Container[]
  readonly startInit: readonly Container[]
  readonly start: readonly Container[]
  /** Of the containers that are started: see `restart-all.ts`. */
  readonly roundMs: number
}

/** What the last word of a container's probes is; undefined before there is one. */
export type ProbeView = (containerId: string, probe: 'liveness' | 'startup') => boolean | undefined

export interface PlanInput {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly probes: ProbeView
}

/**
 * Decides what to do next for a pod that is to run (upstream's computePodActions). Pure: the same spec, runtime and probe
 * results give the same plan.
 */
export function plan(given: PlanInput): Plan {
  const { pod, observed: all } = given
  const former = formerRound(pod, all)
  const observed = { ...all, containers: all.containers.filter((container) => !former.includes(container)) }
  const input = { ...given, observed }
  const { create, attempt, current } = sandboxNeeded(pod, observed)
  const base: Plan = {
    killPod: create,
    kill: [],
    resize: [],
    createSandbox: create,
    attempt,
    sandboxId: current?.id,
    startEphemeral: [],
    startInit: [],
    start: [],
    roundMs: roundOf(pod, all),
  }
  if (create) return planSandbox(given, base)
  const kills = killsOf(pod, former)
  if (kills.length > 0) return { ...base, kill: kills }
  const startEphemeral = ephemeralContainers(pod).filter((container) => !findContainer(observed, container.name))
  const init = planInit(input, base.sandboxId ?? '')
  if (init.failed) return { ...base, startEphemeral, killPod: true }
  const progress = { ...base, startEphemeral, kill: init.kill, resize: init.resize, startInit: init.start }
  return init.done ? planContainers(input, progress) : progress
}

/** A new sandbox starts everything over, unless nothing would be started in it. */
function planSandbox({ pod, observed }: PlanInput, base: Plan): Plan {
  const mayRestart = restartsOnFailure(pod) || pod.spec.containers.some((c) => c.restartPolicyRules !== undefined)
  if (!mayRestart && base.attempt !== 0 && observed.containers.length > 0) return { ...base, createSandbox: false }
  const start = pod.spec.containers.filter((container) => {
    const last = findContainer(observed, container.name)
    return pod.spec.restartPolicy === 'OnFailure' ? shouldStart(pod, container, asEnded(last)) : true
  })
  const [firstInit] = pod.spec.initContainers ?? []
  if (start.length === 0) return { ...base, createSandbox: false }
  return firstInit ? { ...base, startInit: [firstInit] } : { ...base, start }
}

/** A container of a sandbox that is gone has ended, whatever was last seen of it. */
function asEnded(last: ObservedContainer | undefined): ObservedContainer | undefined {
  return last?.state === 'running' ? { ...last, state: 'unknown' } : last
}

function planContainers(input: PlanInput, base: Plan): Plan {
  const { pod, observed } = input
  const kill: Kill[] = [...base.kill]
  const start: Container[] = []
  const resize: Resize[] = [...base.resize]
  let kept = 0
  for (const container of pod.spec.containers) {
    const last = findContainer(observed, container.name)
    if (last?.state !== 'running') {
      if (!shouldStart(pod, container, last)) continue
      start.push(container)
      if (last?.state === 'unknown') kill.push(killUnknown(last, 'Container'))
      continue
    }
    const fault = faultOf(container, last, input, 'Container')
    if (!fault) {
      kept++
      if (resizeNeeded(pod, container, last)) resize.push({ id: last.id, container })
      continue
    }
    const restart = fault.restart || restartsOnFailure(pod)
    if (restart) start.push(container)
    kill.push({ ...fault.kill, message: restart ? `${fault.kill.message}, will be restarted` : fault.kill.message })
  }
  // Nothing runs and nothing will: the pod is done, and sidecars must not keep it alive.
  if (kept === 0 && start.length === 0) return { ...base, killPod: true, kill: [], resize: [], startInit: [] }
  return { ...base, kill, resize, start }
}

/** Why a running container has to go, if it has; `restart`: whatever the restart policy says, it comes back. `noun` begins the message: `Container`, or `Init container`. */
export function faultOf(
  container: Container,
  running: ObservedContainer,
  { pod, probes }: PlanInput,
  noun: string,
): { readonly kill: Kill; readonly restart: boolean } | undefined {
  const killFor = (why: string, reason: KillReason): Kill => ({
    id: running.id,
    name: container.name,
    message: `${noun} ${container.name} ${why}`,
    reason,
  })
  if (running.hash !== hashOf(container)) return { kill: killFor('definition changed', ''), restart: true }
  if (container.livenessProbe && probes(running.id, 'liveness') === false)
    return { kill: killFor('failed liveness probe', 'LivenessProbe'), restart: false }
  if (container.startupProbe && probes(running.id, 'startup') === false)
    return { kill: killFor('failed startup probe', 'StartupProbe'), restart: false }
  if (resizeNeeded(pod, container, running) === 'restart')
    return { kill: killFor('resize requires restart', ''), restart: true }
  return undefined
}

/** What the runtime cannot say the state of is killed before it is started again, lest two run. */
export function killUnknown(last: ObservedContainer, noun: string): Kill {
  return {
    id: last.id,
    name: last.name,
    message: `${noun} is in "${last.state}" state, try killing it before restart`,
    reason: 'Unknown',
  }
}

/** The order in which a pod's running containers are stopped: all but the sidecars together, then those, last started first. */
export function terminationOrder(pod: Pod | undefined, running: readonly ObservedContainer[]): ObservedContainer[][] {
  const sidecars = (pod?.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name)
  const waves = [running.filter((container) => !sidecars.includes(container.name))]
  for (const name of sidecars.toReversed()) waves.push(running.filter((container) => container.name === name))
  return waves.filter((wave) => wave.length > 0)
}
