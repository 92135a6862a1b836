import { timestamp } from '../../apimachinery/meta.ts'
import type * as api from '../../api/generated/types/core/v1.ts'
import { isRestartingAll, mayRestartAll } from '../plan/restart-all.ts'
import { initRestartsAfter, shouldStart } from '../plan/restart.ts'
import { resizeNeeded } from '../plan/resize.ts'
import { qosOf } from '../pod/resources.ts'
import { ephemeralContainers, type Container, type ContainerKind, type Pod } from '../pod/spec.ts'
import type { PendingResize } from '../resize/allocation.ts'
import { readySandbox, type ObservedContainer, type ObservedPod } from '../runtime/observed.ts'
import { podConditions } from './conditions.ts'
import { containerStatus, type ProbeResults, type Waiting } from './container.ts'
import { phaseOf } from './phase.ts'

/** Everything that a pod's status is made of. */
export interface StatusFacts {
  /** With the status that it had: what is not known any more is kept from there. */
  readonly pod: Pod
  readonly observed: ObservedPod
  /** By container name. */
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly probes: (containerId: string) => ProbeResults
  readonly hostIPs: readonly string[]
  readonly nowMs: number
  readonly runtimeName: string
  /** Nothing will be started again: everything has ended, or is about to be ended for good. */
  readonly finished: boolean
  /** The resources that the pod asks for it doesn't get yet; `pod` has those that it has. */
  readonly pendingResize?: PendingResize
  /** Set when the node agent itself has put an end to the pod: evicted, refused, past its deadline. */
  readonly verdict?: { readonly reason: string; readonly message: string; readonly condition?: api.PodCondition }
}

/** A pod's status as the API shows it. Pure. */
export function podStatus(facts: StatusFacts): api.PodStatus {
  const { pod, observed, verdict, hostIPs, nowMs } = facts
  const init = statusesOf(facts, 'init', pod.spec.initContainers ?? [])
  const containers = statusesOf(facts, 'container', pod.spec.containers)
  const ephemeral = statusesOf(facts, 'ephemeral', ephemeralContainers(pod))
  const phase = lastingPhase(pod, phaseFor(facts, init, containers))
  const sandbox = readySandbox(observed)
  const podIPs = podIPsOf(facts)
  const conditions = podConditions({
    pod,
    phase,
    init,
    containers,
    sandboxReady: sandbox !== undefined && (sandbox.hostNetwork || sandbox.ips.length > 0),
    nowMs,
    resizing: isResizing(facts),
    ...(mayRestartAll(pod) && { restartingAll: isRestartingAll(pod, observed) }),
    ...(facts.pendingResize && { pendingResize: facts.pendingResize }),
  })
  const { generation } = pod.metadata
  const [hostIP] = hostIPs
  const [podIP] = podIPs
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: verdict?.condition ? withCondition(conditions, verdict.condition) : conditions,
    ...reasonOf(facts, phase),
    ...(hostIP !== undefined && { hostIP, hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(podIP !== undefined && { podIP, podIPs: podIPs.map((ip) => ({ ip })) }),
    startTime: pod.status?.startTime ?? timestamp(nowMs),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: containers,
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    qosClass: qosOf(pod),
  }
}

/** Nobody is told that a pod has ended while some of it still runs; one that has ended in an unknown way has failed. */
function phaseFor(
  { pod, observed, finished, verdict }: StatusFacts,
  init: readonly api.ContainerStatus[],
  containers: readonly api.ContainerStatus[],
): api.PodPhase {
  const running = observed.containers.some(({ state }) => state === 'running')
  if (verdict && !running) return 'Failed'
  const phase = phaseOf(pod, init, containers, finished && !running)
  // What has ended is about to begin again.
  if (!finished && (phase === 'Succeeded' || phase === 'Failed') && isRestartingAll(pod, observed))
    return containers.some(({ state }) => state?.terminated !== undefined) ? 'Running' : 'Pending'
  return finished && !running && phase !== 'Succeeded' ? 'Failed' : phase
}

/** A pod that has come to its end stays there. */
function lastingPhase(pod: Pod, phase: api.PodPhase): api.PodPhase {
  const old = pod.status?.phase
  return old === 'Succeeded' || old === 'Failed' ? old : phase
}

function reasonOf({ pod, verdict }: StatusFacts, phase: api.PodPhase): { reason?: string; message?: string } {
  if (phase !== 'Failed' && phase !== 'Succeeded') return {}
  const { reason, message } = verdict ?? pod.status ?? {}
  return { ...(reason && { reason }), ...(message && { message }) }
}

/** The sandbox's addresses, else those it had: a pod keeps its address in its status when it has ended. */
function podIPsOf({ pod, observed, hostIPs }: StatusFacts): readonly string[] {
  if (pod.spec.hostNetwork === true) return observed.sandboxes.length > 0 || pod.status?.podIP ? hostIPs : []
  const ips = observed.sandboxes[0]?.ips ?? []
  return ips.length > 0 ? ips : (pod.status?.podIPs ?? []).map(({ ip }) => ip)
}

function statusesOf(facts: StatusFacts, kind: ContainerKind, list: readonly Container[]): api.ContainerStatus[] {
  const { pod, observed, waiting, probes, finished, runtimeName } = facts
  const field = {
    init: 'initContainerStatuses',
    container: 'containerStatuses',
    ephemeral: 'ephemeralContainerStatuses',
  } as const
  const old = pod.status?.[field[kind]] ?? []
  const defaultReason = initializing(facts) ? 'PodInitializing' : 'ContainerCreating'
  return list.map((container) => {
    const instances = observed.containers.filter(({ name }) => name === container.name)
    return containerStatus({
      kind,
      pod,
      container,
      instances,
      old: old.find(({ name }) => name === container.name),
      waiting: finished ? undefined : waiting.get(container.name),
      probes,
      pending: !finished && isPending(pod, kind, container, instances[0]),
      defaultReason: kind === 'ephemeral' ? 'ContainerCreating' : defaultReason,
      finished,
      runtimeName,
    })
  })
}

function isPending(pod: Pod, kind: ContainerKind, container: Container, last: ObservedContainer | undefined): boolean {
  if (kind === 'ephemeral') return last === undefined
  if (kind === 'container' || !last) return shouldStart(pod, container, last)
  return last.state !== 'exited' || initRestartsAfter(pod, container, last.exitCode)
}

/** Whether some container runs with other limits than it is to have. */
function isResizing({ pod, observed }: StatusFacts): boolean {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some((container) => {
    const running = observed.containers.find(({ name, state }) => name === container.name && state === 'running')
    return running !== undefined && resizeNeeded(pod, container, running) !== undefined
  })
}

/** Whether ordinary containers wait for init containers. */
function initializing({ pod, observed }: StatusFacts): boolean {
  const names = new Set(pod.spec.containers.map(({ name }) => name))
  return (pod.spec.initContainers ?? []).length > 0 && !observed.containers.some(({ name }) => names.has(name))
}

function withCondition(list: readonly api.PodCondition[], extra: api.PodCondition): api.PodCondition[] {
  return [...list.filter(({ type }) => type !== extra.type), extra]
}
