import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import type { ContainerStatus, PodCondition, PodPhase } from '../../api/generated/types/core/v1.ts'
import { isSidecar, type Container, type Pod } from '../pod/spec.ts'
import type { PendingResize } from '../resize/allocation.ts'

type Statuses = readonly Frozen<ContainerStatus>[]
type Finding = Pick<PodCondition, 'status' | 'reason' | 'message'>

export interface ConditionFacts {
  readonly pod: Pod
  readonly phase: PodPhase
  readonly init: Statuses
  readonly containers: Statuses
  /** The sandbox is up, with its network. */
  readonly sandboxReady: boolean
  readonly nowMs: number
  /** Some container has yet to get the resources that it was granted. */
  readonly resizing: boolean
  readonly pendingResize?: PendingResize
  /** Whether all containers are being started again; absent when that cannot happen to this pod. */
  readonly restartingAll?: boolean
}

/** Conditions of the node agent's that are only there while they hold. */
export const PASSING: readonly string[] = ['PodResizePending', 'PodResizeInProgress']

const TRUE: Finding = { status: 'True' }

/** The conditions that the node agent owns, with those that others set kept (upstream's pkg/kubelet/status/generate.go). */
export function podConditions(facts: ConditionFacts): PodCondition[] {
  const { pod, phase, init, containers, sandboxReady } = facts
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar)
  const containersReady = readiness([...sidecars, ...pod.spec.containers], [...init, ...containers], phase)
  const own = new Map<string, Finding>([
    ['PodReadyToStartContainers', sandboxReady ? TRUE : { status: 'False' }],
    ['Initialized', initialized(pod, init, containers, phase)],
    ['Ready', gated(pod, containersReady)],
    ['ContainersReady', containersReady],
    ['PodScheduled', TRUE],
  ])
  if (facts.restartingAll !== undefined) own.set('AllContainersRestarting', restartingAll(facts.restartingAll, phase))
  if (facts.pendingResize) own.set('PodResizePending', { status: 'True', ...facts.pendingResize })
  if (facts.resizing) own.set('PodResizeInProgress', TRUE)
  const old = pod.status?.conditions ?? []
  const others = old
    .filter(({ type }) => !own.has(type) && !PASSING.includes(type))
    .map((condition) => ({ ...condition }))
  return [...[...own].map(([type, finding]) => stamped(type, finding, facts)), ...others]
}

function restartingAll(isSo: boolean, phase: PodPhase): Finding {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (!isSo) return { status: 'False' }
  return {
    status: 'True',
    reason: 'RestartAllContainersStarted',
    message: 'container exited with restart policy rule',
  }
}

/** Puts the time of the last change of its status on a condition. */
function stamped(type: string, finding: Finding, { pod, nowMs }: ConditionFacts): PodCondition {
  const old = pod.status?.conditions?.find((condition) => condition.type === type)
  const { generation } = pod.metadata
  const since = old?.status === finding.status ? old.lastTransitionTime : undefined
  return {
    type,
    ...(generation !== undefined && { observedGeneration: generation }),
    status: finding.status,
    lastTransitionTime: since ?? timestamp(nowMs),
    ...(finding.reason && { reason: finding.reason }),
    ...(finding.message && { message: finding.message }),
  }
}

function initialized(pod: Pod, init: Statuses, containers: Statuses, phase: PodPhase): Finding {
  const list = pod.spec.initContainers ?? []
  const unknown = list.filter((container) => !find(init, container)).map(({ name }) => name)
  // Once an ordinary container has run, what became of the init containers doesn't matter.
  if (containers.some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated))
    return TRUE
  const incomplete = list.filter((container) => {
    const status = find(init, container)
    return status && (isSidecar(container) ? status.started !== true : status.ready !== true)
  })
  if (unknown.length === 0 && incomplete.length === 0) return TRUE
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: listed(
      unknown,
      incomplete.map(({ name }) => name),
      'incomplete',
    ),
  }
}

function readiness(list: readonly Container[], statuses: Statuses, phase: PodPhase): Finding {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const unknown = list.filter((container) => !find(statuses, container)).map(({ name }) => name)
  const unready = list.filter((container) => find(statuses, container)?.ready === false).map(({ name }) => name)
  if (unknown.length === 0 && unready.length === 0) return TRUE
  return { status: 'False', reason: 'ContainersNotReady', message: listed(unknown, unready, 'unready') }
}

function gated(pod: Pod, containersReady: Finding): Finding {
  if (containersReady.status !== 'True') return containersReady
  const conditions = pod.status?.conditions ?? []
  const problems: string[] = []
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const status = conditions.find((condition) => condition.type === conditionType)?.status
    if (status === undefined)
      problems.push(`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`)
    else if (status !== 'True')
      problems.push(`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${status}`)
  }
  if (problems.length === 0) return TRUE
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}

/** Go prints a list of names as `[a b]`. */
function listed(unknown: readonly string[], bad: readonly string[], what: string): string {
  return [
    ...(unknown.length > 0 ? [`containers with unknown status: [${unknown.join(' ')}]`] : []),
    ...(bad.length > 0 ? [`containers with ${what} status: [${bad.join(' ')}]`] : []),
  ].join(', ')
}

const find = (statuses: Statuses, { name }: Container): Frozen<ContainerStatus> | undefined =>
  statuses.find((status) => status.name === name)
