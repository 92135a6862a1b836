import { isSidecar, type Container } from '../pod/spec.ts'
import { findContainer, type ObservedContainer, type ObservedPod } from '../runtime/observed.ts'
import { faultOf, killUnknown, type Kill, type PlanInput, type Resize } from './plan.ts'
import { resizeNeeded } from './resize.ts'
import { initRestartsAfter } from './restart.ts'

interface InitPlan {
  /** All have succeeded, or run on as sidecars: ordinary containers may start. */
  readonly done: boolean
  /** One has failed for good. */
  readonly failed: boolean
  readonly kill: readonly Kill[]
  readonly resize: readonly Resize[]
  readonly start: readonly Container[]
}

/**
 * How far initialisation has come in this sandbox, and what moves it on. The last init container that has been seen tells: those before it have
 * succeeded (they may have been removed since), or are sidecars that have to keep running.
 */
export function planInit(input: PlanInput, sandboxId: string): InitPlan {
  const containers = input.pod.spec.initContainers ?? []
  const here = inSandbox(input.observed, sandboxId)
  const initialized = input.pod.spec.containers.some((container) => findContainer(here, container.name))
  const reached = initialized
    ? containers.length
    : containers.findLastIndex((container) => findContainer(here, container.name))
  const kill: Kill[] = []
  const resize: Resize[] = []
  const start: Container[] = []
  for (const container of containers.slice(0, Math.max(0, reached))) {
    if (isSidecar(container))
      keepRunning(container, findContainer(here, container.name), input, { kill, resize, start })
  }
  if (initialized || containers.length === 0) return { done: true, failed: false, kill, resize, start }
  const at = containers[reached]
  const step = at ? advance(at, findContainer(here, at.name), input, { kill, resize, start }) : 'next'
  if (step !== 'next') return { done: false, failed: step === 'failed', kill, resize, start }
  const next = containers[reached + 1]
  if (next) start.push(next)
  return { done: !next, failed: false, kill, resize, start }
}

function inSandbox(observed: ObservedPod, sandboxId: string): ObservedPod {
  return { ...observed, containers: observed.containers.filter((container) => container.sandboxId === sandboxId) }
}

interface Actions {
  readonly kill: Kill[]
  readonly resize: Resize[]
  readonly start: Container[]
}

/** Looks at the init container that was started last: whether the next may start, or it has to be waited for or started again. */
function advance(
  container: Container,
  last: ObservedContainer | undefined,
  input: PlanInput,
  actions: Actions,
): 'next' | 'wait' | 'failed' {
  if (isSidecar(container)) {
    keepRunning(container, last, input, actions)
    const started = !container.startupProbe || (last !== undefined && input.probes(last.id, 'startup') === true)
    return last?.state === 'running' && started ? 'next' : 'wait'
  }
  if (!last || last.state === 'running') return 'wait'
  if (last.state === 'exited' && last.exitCode === 0) return 'next'
  if (last.state === 'exited' && !initRestartsAfter(input.pod, container, last.exitCode)) return 'failed'
  if (last.state === 'unknown') {
    if (input.pod.spec.restartPolicy === 'Never') return 'failed'
    actions.kill.push(killUnknown(last, 'Init container'))
  }
  actions.start.push(container)
  return 'wait'
}

function keepRunning(
  container: Container,
  last: ObservedContainer | undefined,
  input: PlanInput,
  { kill, resize, start }: Actions,
): void {
  if (last?.state === 'running') {
    const fault = faultOf(container, last, input, 'Init container')
    if (!fault) {
      if (resizeNeeded(input.pod, container, last)) resize.push({ id: last.id, container })
      return
    }
    kill.push(fault.kill)
  } else if (last?.state === 'unknown') {
    kill.push(killUnknown(last, 'Init container'))
  }
  start.push(container)
}
