import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { isSidecar, uidOf, type Container, type Pod } from '../pod/spec.ts'
import type { Probes } from '../probes/probes.ts'
import type { ObservedContainer, ObservedPod } from '../runtime/observed.ts'
import type { ProbeResults } from '../status/container.ts'
import type { ContainerScript } from './script.ts'

interface Probed {
  readonly timers: readonly Timer[]
  ready: boolean
  live: boolean
}

/**
 * Probes that know beforehand, from the containers' scripts, when they will change their word: one timer for each change
 * in place of one for each look.
 */
export class SimulatedProbes implements Probes {
  readonly #env: Env
  readonly #scriptOf: (containerId: string) => ContainerScript | undefined
  readonly #onChange: (uid: string) => void
  readonly #containers = new Map<string, Probed>()
  readonly #byPod = new Map<string, Set<string>>()

  constructor(
    env: Env,
    scriptOf: (containerId: string) => ContainerScript | undefined,
    onChange: (uid: string) => void,
  ) {
    this.#env = env
    this.#scriptOf = scriptOf
    this.#onChange = onChange
  }

  results(containerId: string): ProbeResults {
    const ready = this.#containers.get(containerId)?.ready
    return ready === undefined ? {} : { ready, started: ready }
  }

  verdict(containerId: string, kind: 'liveness' | 'startup'): boolean | undefined {
    const probed = this.#containers.get(containerId)
    if (!probed) return undefined
    if (kind === 'startup') return probed.ready ? true : undefined
    return probed.live
  }

  sync(pod: Pod, observed: ObservedPod): void {
    const uid = uidOf(pod)
    const wanted = new Set<string>()
    for (const container of [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]) {
      if (!container.startupProbe && !container.livenessProbe && !container.readinessProbe) continue
      const running = observed.containers.find(({ name, state }) => name === container.name && state === 'running')
      if (!running) continue
      wanted.add(running.id)
      if (!this.#containers.has(running.id)) this.#start(uid, container, running)
    }
    for (const id of this.#byPod.get(uid) ?? []) if (!wanted.has(id)) this.#stop(id)
    if (wanted.size > 0) this.#byPod.set(uid, wanted)
    else this.#byPod.delete(uid)
  }

  remove(uid: string): void {
    for (const id of this.#byPod.get(uid) ?? []) this.#stop(id)
    this.#byPod.delete(uid)
  }

  #start(uid: string, container: Container, { id, startedAtMs }: ObservedContainer): void {
    const { readyAfterMs = 0, liveForMs = Infinity } = this.#scriptOf(id) ?? {}
    const now = this.#env.clock.now()
    const readyAt =
      readyAfterMs === 'never' ? Infinity : startedAtMs + Math.max(readyAfterMs, delayOf(container.readinessProbe))
    const deadAt = container.livenessProbe ? startedAtMs + liveForMs + toleratedMs(container) : Infinity
    const probed: Probed = { ready: readyAt <= now, live: true, timers: [] }
    const at = (dueMs: number, change: () => void): Timer[] => {
      if (dueMs <= now || dueMs === Infinity) return []
      const fire = (): void => {
        change()
        this.#onChange(uid)
      }
      return [this.#env.clock.setTimer(fire, dueMs - now)]
    }
    const timers = [...at(readyAt, () => (probed.ready = true)), ...at(deadAt, () => (probed.live = false))]
    this.#containers.set(id, Object.assign(probed, { timers }))
  }

  #stop(id: string): void {
    for (const timer of this.#containers.get(id)?.timers ?? []) timer.cancel()
    this.#containers.delete(id)
  }
}

const delayOf = (probe: Container['readinessProbe']): number => (probe?.initialDelaySeconds ?? 0) * 1000

/** How long a liveness probe takes to be sure. */
function toleratedMs({ livenessProbe = {} }: Container): number {
  const { periodSeconds = 10, failureThreshold = 3 } = livenessProbe
  return periodSeconds * 1000 * failureThreshold
}
