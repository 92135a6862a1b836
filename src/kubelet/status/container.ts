import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import type * as api from '../../api/generated/types/core/v1.ts'
import { resizeNeeded } from '../plan/resize.ts'
import { isSidecar, type Container, type ContainerKind, type Pod } from '../pod/spec.ts'
import type { ObservedContainer } from '../runtime/observed.ts'

type ContainerStatus = api.ContainerStatus
type OldStatus = Frozen<ContainerStatus> | undefined

/** Why a container isn't running although it should: what starting it last failed with, or that it has to wait. */
export interface Waiting {
  readonly reason: string
  readonly message: string
}

/** What probes have to say of a container; undefined while they have not said anything. */
export interface ProbeResults {
  readonly started?: boolean
  readonly ready?: boolean
}

/** Everything that one container's status is made of. */
export interface ContainerFacts {
  readonly kind: ContainerKind
  readonly pod: Pod
  readonly container: Container
  /** Newest first. */
  readonly instances: readonly ObservedContainer[]
  readonly old: OldStatus
  readonly waiting: Waiting | undefined
  readonly probes: (containerId: string) => ProbeResults
  /** Whether it will be started (again). */
  readonly pending: boolean
  /** `ContainerCreating`, or `PodInitializing` while init containers have to run first. */
  readonly defaultReason: string
  /** Nothing more will happen to this pod's containers. */
  readonly finished: boolean
  /** `containerd`, before the id. */
  readonly runtimeName: string
}

/** A container's status as the API shows it (upstream's convertToAPIContainerStatuses and prober.UpdatePodStatus). */
export function containerStatus(facts: ContainerFacts): ContainerStatus {
  const { container, instances, old, runtimeName } = facts
  const [newest] = instances
  const { state, lastState } = statesOf(facts)
  const { ready, started } = readinessOf(facts, state)
  return {
    ...(newest
      ? { containerID: `${runtimeName}://${newest.id}` }
      : old?.containerID
        ? { containerID: old.containerID }
        : {}),
    image: newest?.image || container.image || '',
    imageID: newest?.imageRef ?? old?.imageID ?? '',
    lastState,
    name: container.name,
    ready,
    restartCount: newest?.restartCount ?? old?.restartCount ?? 0,
    started,
    state,
    ...(state.running && runningFacts(facts, newest)),
    ...(newest && volumeMounts(container)),
  }
}

function statesOf(facts: ContainerFacts): { state: api.ContainerState; lastState: api.ContainerState } {
  const { instances, old, waiting, pending, defaultReason, finished, runtimeName } = facts
  const [newest, previous] = instances
  const earlier = previous ? { terminated: terminated(previous, runtimeName) } : clone(old?.lastState)
  if (!newest) return withoutInstance(facts)
  if (newest.state === 'running')
    return { state: { running: { startedAt: timestamp(newest.startedAtMs) } }, lastState: earlier }
  if (newest.state === 'exited') {
    const ended = { terminated: terminated(newest, runtimeName) }
    return waiting && pending
      ? { state: { waiting: { ...waiting } }, lastState: ended }
      : { state: ended, lastState: earlier }
  }
  if (finished) return { state: { terminated: unknownEnd(`${runtimeName}://${newest.id}`) }, lastState: earlier }
  return { state: { waiting: waiting ? { ...waiting } : { reason: defaultReason } }, lastState: earlier }
}

/** The runtime has nothing of it: not made yet, or removed since. */
function withoutInstance({ old, waiting, defaultReason, finished }: ContainerFacts): {
  state: api.ContainerState
  lastState: api.ContainerState
} {
  if (old?.state?.terminated) return { state: clone(old.state), lastState: clone(old.lastState) }
  if (old?.state?.running)
    return { state: { terminated: unknownEnd(old.containerID) }, lastState: clone(old.lastState) }
  if (finished && old?.containerID)
    return { state: { terminated: unknownEnd(old.containerID) }, lastState: clone(old.lastState) }
  return { state: { waiting: waiting ? { ...waiting } : { reason: defaultReason } }, lastState: clone(old?.lastState) }
}

/** What is said of an end that nobody saw. */
function unknownEnd(containerID: string | undefined): api.ContainerStateTerminated {
  return {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(containerID !== undefined && { containerID }),
  }
}

function terminated(container: ObservedContainer, runtimeName: string): api.ContainerStateTerminated {
  const { exitCode, reason, message, startedAtMs, finishedAtMs, id } = container
  return {
    containerID: `${runtimeName}://${id}`,
    exitCode,
    finishedAt: timestamp(finishedAtMs),
    ...(message && { message }),
    reason: reason || (exitCode === 0 ? 'Completed' : 'Error'),
    startedAt: timestamp(startedAtMs),
  }
}

function readinessOf(
  { kind, container, instances, probes }: ContainerFacts,
  state: api.ContainerState,
): { ready: boolean; started: boolean } {
  const [newest] = instances
  const running = state.running !== undefined && newest !== undefined
  if (kind === 'init' && !isSidecar(container)) return { ready: state.terminated?.exitCode === 0, started: running }
  if (!running) return { ready: false, started: false }
  if (kind === 'ephemeral') return { ready: false, started: true }
  const results = probes(newest.id)
  const started = !container.startupProbe || results.started === true
  return { started, ready: started && (!container.readinessProbe || results.ready === true) }
}

/** `allocatedResources` is what the container was granted, `resources` what it has: what it had before, while a resize is under way. */
function runningFacts(
  { pod, container, old }: ContainerFacts,
  newest: ObservedContainer | undefined,
): Partial<ContainerStatus> {
  const { limits, requests } = container.resources ?? {}
  const user = newest?.user
  const applied = !newest || !old?.resources || resizeNeeded(pod, container, newest) === undefined
  const granted = { ...(limits && { limits: { ...limits } }), ...(requests && { requests: { ...requests } }) }
  return {
    ...(requests && { allocatedResources: { ...requests } }),
    resources: applied ? granted : (old.resources as api.ResourceRequirements),
    ...(user && {
      user: { linux: { uid: user.uid, gid: user.gid, supplementalGroups: [...user.supplementalGroups] } },
    }),
  }
}

function volumeMounts(container: Container): Partial<ContainerStatus> {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true && {
        readOnly,
        recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled',
      }),
    })),
  }
}

const clone = (state: Frozen<api.ContainerState> | undefined): api.ContainerState =>
  ({ ...state }) as api.ContainerState
