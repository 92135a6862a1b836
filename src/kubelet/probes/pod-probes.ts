import { isSidecar, uidOf, type Container, type Pod } from '../pod/spec.ts'
import type { ObservedContainer, ObservedPod } from '../runtime/observed.ts'
import type { ProbeResults } from '../status/container.ts'
import type { Probes } from './probes.ts'
import { Prober, type ProbeKind, type ProberOptions } from './prober.ts'

export interface PodProbesOptions extends Pick<ProberOptions, 'means' | 'env'> {
  /** A verdict on one of this pod's containers has changed. */
  readonly onChange: (uid: string) => void
  readonly event: (pod: Pod, container: Container, type: 'Normal' | 'Warning', reason: string, message: string) => void
}

interface Probed {
  readonly startup?: Prober
  readonly liveness?: Prober
  readonly readiness?: Prober
}

/** The probes of all running containers, by container id. */
export class PodProbes implements Probes {
  readonly #options: PodProbesOptions
  readonly #containers = new Map<string, Probed>()
  readonly #idsByPod = new Map<string, Set<string>>()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  results(containerId: string): ProbeResults {
    const probed = this.#containers.get(containerId)
    const started = probed?.startup?.verdict
    const ready = probed?.readiness?.verdict
    return { ...(started !== undefined && { started }), ...(ready !== undefined && { ready }) }
  }

  verdict(containerId: string, kind: 'liveness' | 'startup'): boolean | undefined {
    return this.#containers.get(containerId)?.[kind]?.verdict
  }

  sync(pod: Pod, observed: ObservedPod): void {
    const uid = uidOf(pod)
    const wanted = new Set<string>()
    for (const container of [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]) {
      if (!container.startupProbe && !container.livenessProbe && !container.readinessProbe) continue
      const running = observed.containers.find(({ name, state }) => name === container.name && state === 'running')
      if (!running) continue
      wanted.add(running.id)
      this.#probe(pod, container, running, observed.sandboxes[0]?.ips[0])
    }
    const known = this.#idsByPod.get(uid)
    for (const id of known ?? []) if (!wanted.has(id)) this.#stop(id)
    if (wanted.size > 0) this.#idsByPod.set(uid, wanted)
    else this.#idsByPod.delete(uid)
  }

  remove(uid: string): void {
    for (const id of this.#idsByPod.get(uid) ?? []) this.#stop(id)
    this.#idsByPod.delete(uid)
  }

  #probe(pod: Pod, container: Container, running: ObservedContainer, sandboxIP: string | undefined): void {
    const ending = pod.metadata.deletionTimestamp !== undefined
    const known = this.#containers.get(running.id) ?? {}
    const podIP = sandboxIP ?? pod.status?.podIP ?? ''
    const make = (kind: ProbeKind): Prober => this.#start(kind, pod, container, running, podIP)
    const startup = known.startup ?? (container.startupProbe && !ending ? make('startup') : undefined)
    const started = !container.startupProbe || startup?.verdict === true
    if (ending) known.liveness?.stop()
    const liveness = known.liveness ?? (container.livenessProbe && started && !ending ? make('liveness') : undefined)
    const readiness = known.readiness ?? (container.readinessProbe && started ? make('readiness') : undefined)
    this.#containers.set(running.id, {
      ...(startup && { startup }),
      ...(liveness && { liveness }),
      ...(readiness && { readiness }),
    })
  }

  #start(kind: ProbeKind, pod: Pod, container: Container, running: ObservedContainer, podIP: string): Prober {
    const { means, env, onChange, event } = this.#options
    const probe = container[`${kind}Probe`] ?? {}
    const initial = knownVerdict(kind, pod, container, running)
    const prober = new Prober({
      kind,
      probe,
      target: { container, containerId: running.id, podIP },
      means,
      env,
      startedAtMs: running.startedAtMs,
      onVerdict: () => onChange(uidOf(pod)),
      event: (type, reason, message) => event(pod, container, type, reason, message),
      ...(initial !== undefined && { initial }),
    })
    if (!(kind === 'startup' && initial === true)) prober.start()
    return prober
  }

  #stop(containerId: string): void {
    const probed = this.#containers.get(containerId)
    probed?.startup?.stop()
    probed?.liveness?.stop()
    probed?.readiness?.stop()
    this.#containers.delete(containerId)
  }
}

/** What the pod's status said of this very container, so that a restart of the node agent makes nothing unready. */
function knownVerdict(
  kind: ProbeKind,
  pod: Pod,
  container: Container,
  running: ObservedContainer,
): boolean | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const status = statuses.find(({ name }) => name === container.name)
  if (status?.containerID?.endsWith(`://${running.id}`) !== true) return undefined
  if (kind === 'readiness') return status.ready ? true : undefined
  return kind === 'startup' && status.started === true ? true : undefined
}
