import type { Pod } from '../pod/spec.ts'
import { findContainer, type ObservedContainer, type ObservedPod } from '../runtime/observed.ts'
import type { Kill } from './plan.ts'
import { ruleAfter } from './restart.ts'

/**
 * When a container of the pod ended in such a way that all of them are to be started again, in the same sandbox with the same volumes (action
 * RestartAllContainers): the time of that end, which the containers of the new round carry. 0 for never.
 */
export function roundOf(pod: Pod, { containers }: ObservedPod): number {
  return Math.max(0, ...containers.filter((last) => restartsAll(pod, last)).map((last) => last.finishedAtMs))
}

/**
 * The containers of a round that is over; also those that were made after its end, by a plan that did not know of it yet. Upstream removes
 * them from the runtime; here they stay as any former instance does, with their logs.
 */
export function formerRound(pod: Pod, observed: ObservedPod): readonly ObservedContainer[] {
  const endedMs = roundOf(pod, observed)
  return observed.containers.filter(({ roundMs }) => roundMs < endedMs)
}

/** Whether the new round has yet to begin for one of the pod's containers. */
export function isRestartingAll(pod: Pod, observed: ObservedPod): boolean {
  const former = formerRound(pod, observed)
  return spec(pod).some(({ name }) => {
    const newest = findContainer(observed, name)
    return newest !== undefined && former.includes(newest)
  })
}

/** Whether an end of one of the pod's containers can lead to a restart of all. */
export function mayRestartAll(pod: Pod): boolean {
  return spec(pod).some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  )
}

/** What still runs of the former round, in the order in which it has to go: ordinary containers, then init containers, the last first. */
export function killsOf(pod: Pod, former: readonly ObservedContainer[]): Kill[] {
  const order = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name)
  return former
    .filter(({ state }) => state === 'running' || state === 'unknown')
    .toSorted((a, b) => order.indexOf(b.name) - order.indexOf(a.name))
    .map(({ id, name }) => ({ id, name, message: 'killing', reason: 'RestartAllContainers' }))
}

const spec = (pod: Pod) => [...(pod.spec.initContainers ?? []), ...pod.spec.containers]

function restartsAll(pod: Pod, { name, state, exitCode }: ObservedContainer): boolean {
  if (state !== 'exited') return false
  const container = spec(pod).find((candidate) => candidate.name === name)
  return container !== undefined && ruleAfter(container, exitCode)?.action === 'RestartAllContainers'
}
