import type { Frozen } from '../../apimachinery/meta.ts'
import type { ContainerStatus, PodPhase } from '../../api/generated/types/core/v1.ts'
import { initRestartsAfter, restartsAfter } from '../plan/restart.ts'
import { isSidecar, type Container, type Pod } from '../pod/spec.ts'

type Statuses = readonly Frozen<ContainerStatus>[]

/** How a container counts for the phase. */
type Standing = 'unknown' | 'waiting' | 'running' | 'succeeded' | 'failed'

/** The pod's phase out of its containers' statuses (upstream's getPhase). `finished`: nothing will be started again. */
export function phaseOf(pod: Pod, init: Statuses, containers: Statuses, finished: boolean): PodPhase {
  const initialization = initializationOf(pod, init)
  if (initialization === 'failed for good') return 'Failed'
  const standings = pod.spec.containers.map((container) => standingOf(find(containers, container.name)))
  const anyStarted = standings.some((standing) => standing !== 'unknown' && standing !== 'waiting')
  if (initialization === 'failed' && finished && !anyStarted) return 'Failed'
  if (initialization === 'pending' || (initialization === 'sidecars pending' && !anyStarted)) return 'Pending'
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((c) => find(init, c.name))
  const running = standings.includes('running') || sidecars.some((status) => status?.state?.running !== undefined)
  if (standings.includes('waiting') || standings.includes('unknown')) return 'Pending'
  if (running && !(finished && !standings.includes('running'))) return 'Running'
  return endOf(pod, containers, standings, finished)
}

/** No ordinary container runs: what their exit codes say, unless one of them is to run again. */
function endOf(pod: Pod, containers: Statuses, standings: readonly Standing[], finished: boolean): PodPhase {
  const again = pod.spec.containers.some((container) =>
    restartsAfter(pod, container, exitCodeOf(find(containers, container.name))),
  )
  if (again && !finished) return 'Running'
  return standings.every((standing) => standing === 'succeeded') ? 'Succeeded' : 'Failed'
}

type Initialization = 'done' | 'pending' | 'sidecars pending' | 'failed' | 'failed for good'

function initializationOf(pod: Pod, statuses: Statuses): Initialization {
  let result: Initialization = 'done'
  for (const container of pod.spec.initContainers ?? []) {
    const status = find(statuses, container.name)
    if (isSidecar(container)) {
      if (sidecarPending(status) && result === 'done') result = 'sidecars pending'
      continue
    }
    const standing = standingOf(status)
    if (standing === 'failed')
      return initRestartsAfter(pod, container, exitCodeOf(status)) ? 'failed' : 'failed for good'
    if (standing !== 'succeeded') result = 'pending'
  }
  return result
}

function sidecarPending(status: Frozen<ContainerStatus> | undefined): boolean {
  if (status?.state?.running) return status.started !== true
  return !status?.state?.terminated && !status?.lastState?.terminated
}

function standingOf(status: Frozen<ContainerStatus> | undefined): Standing {
  if (status?.state?.running) return 'running'
  const end = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined)
  if (end) return end.exitCode === 0 ? 'succeeded' : 'failed'
  return status?.state?.waiting ? 'waiting' : 'unknown'
}

const exitCodeOf = (status: Frozen<ContainerStatus> | undefined): number =>
  (status?.state?.terminated ?? status?.lastState?.terminated)?.exitCode ?? 0

function find(statuses: Statuses, name: Container['name']): Frozen<ContainerStatus> | undefined {
  return statuses.find((status) => status.name === name)
}
