import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Column } from '../../../apimachinery/resource.ts'
import { ageOf } from '../../../apimachinery/duration/human.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import type { Container, ContainerStatus, Pod } from '../../generated/types/core/v1.ts'
import { isConditionTrue } from './pod-conditions.ts'

/** What `kubectl get pods` says of a pod's containers, computed once per pod (upstream's printPod). */
interface Summary {
  readonly status: string
  readonly ready: number
  readonly total: number
  readonly restarts: number
  /** When a container last ended before its restart, in ms since the epoch; 0 for never. */
  readonly lastRestartMs: number
}

/** The columns of pods. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', (pod) => {
    const { ready, total } = summaryOf(pod)
    return `${ready}/${total}`
  }),
  text('Status', (pod) => summaryOf(pod).status),
  text('Restarts', (pod, now) => {
    const { restarts, lastRestartMs } = summaryOf(pod)
    return restarts > 0 && lastRestartMs > 0
      ? `${restarts} (${ageOf(new Date(lastRestartMs).toISOString(), now)} ago)`
      : String(restarts)
  }),
  ageColumn,
  wide(text('IP', (pod) => pod.status?.podIPs?.[0]?.ip || '<none>')),
  wide(text('Node', (pod) => pod.spec.nodeName || '<none>')),
  wide(text('Nominated Node', (pod) => pod.status?.nominatedNodeName || '<none>')),
  wide(text('Readiness Gates', readinessGates)),
]

const summaries = new WeakMap<object, Summary>()

function summaryOf(pod: Frozen<Pod>): Summary {
  const known = summaries.get(pod)
  if (known) return known
  const summary = summarize(pod)
  if (Object.isFrozen(pod)) summaries.set(pod, summary)
  return summary
}

function summarize(pod: Frozen<Pod>): Summary {
  const init = initSummary(pod)
  const initialized = isConditionTrue(pod.status?.conditions, 'Initialized')
  const counted = init.reason === undefined || initialized ? regularSummary(pod, init) : init
  return {
    status: deletionReason(pod) ?? counted.reason ?? phaseReason(pod),
    ready: counted.ready,
    total: (pod.spec.containers ?? []).length + (pod.spec.initContainers ?? []).filter(isRestartable).length,
    restarts: counted.restarts,
    lastRestartMs: counted.lastRestartMs,
  }
}

const isRestartable = (container: Frozen<Container>): boolean => container.restartPolicy === 'Always'

function phaseReason(pod: Frozen<Pod>): string {
  const gated = pod.status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')
  return gated ? 'SchedulingGated' : pod.status?.reason || pod.status?.phase || ''
}

function deletionReason(pod: Frozen<Pod>): string | undefined {
  if (!pod.metadata.deletionTimestamp) return undefined
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  const phase = pod.status?.phase
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating'
}

interface Counted {
  /** Undefined while nothing but the phase speaks. */
  reason: string | undefined
  ready: number
  restarts: number
  lastRestartMs: number
}

interface InitCounted extends Counted {
  /** Of sidecars alone: what counts once the pod is initialized. */
  sidecarRestarts: number
  sidecarLastRestartMs: number
}

function initSummary(pod: Frozen<Pod>): InitCounted {
  const containers = pod.spec.initContainers ?? []
  const byName = new Map(containers.map((container) => [container.name, container]))
  const counted = { ready: 0, restarts: 0, lastRestartMs: 0, sidecarRestarts: 0, sidecarLastRestartMs: 0 }
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const ended = lastEnded(status)
    const container = byName.get(status.name)
    const sidecar = container !== undefined && isRestartable(container)
    counted.restarts += status.restartCount ?? 0
    counted.lastRestartMs = Math.max(counted.lastRestartMs, ended)
    if (sidecar) {
      counted.sidecarRestarts += status.restartCount ?? 0
      counted.sidecarLastRestartMs = Math.max(counted.sidecarLastRestartMs, ended)
    }
    if (status.state?.terminated && (status.state.terminated.exitCode ?? 0) === 0) continue
    if (sidecar && status.started) {
      if (status.ready) counted.ready++
      continue
    }
    return { ...counted, reason: initReason(status, index, containers.length) }
  }
  return { ...counted, reason: undefined }
}

function initReason(status: Frozen<ContainerStatus>, index: number, total: number): string {
  const { terminated, waiting } = status.state ?? {}
  if (terminated) {
    if (terminated.reason) return `Init:${terminated.reason}`
    return terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode ?? 0}`
  }
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
  return `Init:${index}/${total}`
}

function regularSummary(pod: Frozen<Pod>, init: InitCounted): Counted {
  const counted: Counted = {
    reason: init.reason,
    ready: init.ready,
    restarts: init.sidecarRestarts,
    lastRestartMs: init.sidecarLastRestartMs,
  }
  let running = false
  let failure: string | undefined
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    counted.restarts += status.restartCount ?? 0
    counted.lastRestartMs = Math.max(counted.lastRestartMs, lastEnded(status))
    const reason = regularReason(status)
    if (reason !== undefined) {
      counted.reason = reason
      if (!status.state?.waiting?.reason && status.state?.terminated?.exitCode) failure = reason
    } else if (status.ready && status.state?.running) {
      running = true
      counted.ready++
    }
  }
  if ((counted.reason ?? phaseReason(pod)) === 'Completed') {
    if (running && isConditionTrue(pod.status?.conditions, 'Ready')) counted.reason = 'Running'
    else counted.reason = failure ?? (running ? 'NotReady' : 'Completed')
  }
  return counted
}

function regularReason(status: Frozen<ContainerStatus>): string | undefined {
  const { terminated, waiting } = status.state ?? {}
  if (waiting?.reason) return waiting.reason
  if (!terminated) return undefined
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`
}

function lastEnded(status: Frozen<ContainerStatus>): number {
  const finishedAt = status.lastState?.terminated?.finishedAt
  return finishedAt ? Date.parse(finishedAt) : 0
}

function readinessGates(pod: Frozen<Pod>): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const passed = gates.filter(({ conditionType }) => isConditionTrue(pod.status?.conditions, conditionType))
  return `${passed.length}/${gates.length}`
}

/** A pod that has run to its end is told apart from one that still may run. */
export function podRowConditions({ status }: Frozen<Pod>): readonly object[] {
  switch (status?.phase) {
    case 'Succeeded':
      return [completed('Succeeded', 'The pod has completed successfully.')]
    case 'Failed':
      return [completed('Failed', 'The pod failed.')]
    default:
      return []
  }
}

function completed(reason: string, message: string): object {
  return { type: 'Completed', status: 'True', reason, message }
}
