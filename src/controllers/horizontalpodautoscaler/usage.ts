import type { Pod } from '../../api/generated/types/core/v1.ts'
import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import { podRequests } from '../../api/core/v1/pod-resources.ts'
import { isPodLevelResource } from '../../api/core/v1/resource-names.ts'
import { quantityMilliValue } from '../../apimachinery/quantity/text.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** What one pod uses, in thousandths. */
export interface PodMetric {
  readonly value: number
  readonly timestampMs: number
  /** How long the usage was observed until then. */
  readonly windowMs: number
}

/** Usage by pod name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>

/** The pods of a target, and how their readiness is judged. */
export interface TargetPods {
  readonly pods: readonly Frozen<Pod>[]
  readonly now: number
}

/** CPU of a pod this young counts only once it was ready for a whole window: starting costs more than running. */
const CPU_INITIALIZATION_MS = 300_000
/** A pod that became unready so soon after its start was never ready. */
const INITIAL_READINESS_MS = 30_000

export interface PodGroups {
  readonly ready: number
  /** Pods that do not serve yet: their usage does not count. */
  readonly unready: ReadonlySet<string>
  /** Pods of which no usage is known. */
  readonly missing: ReadonlySet<string>
  /** Pods that are going or have failed. */
  readonly ignored: ReadonlySet<string>
}

/** Sorts pods by what their usage tells. `resource` is '' for metrics that are no resource. */
export function groupPods({ pods, now }: TargetPods, metrics: PodMetrics, resource: string): PodGroups {
  const unready = new Set<string>()
  const missing = new Set<string>()
  const ignored = new Set<string>()
  let ready = 0
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata
    const metric = metrics.get(name)
    if (deletionTimestamp || pod.status?.phase === 'Failed') ignored.add(name)
    else if (pod.status?.phase === 'Pending') unready.add(name)
    else if (!metric) missing.add(name)
    else if (resource === 'cpu' && isStarting(pod, metric, now)) unready.add(name)
    else ready++
  }
  return { ready, unready, missing, ignored }
}

function isStarting({ status }: Frozen<Pod>, metric: PodMetric, now: number): boolean {
  const condition = conditionOf(status?.conditions, 'Ready')
  if (!condition || !status?.startTime) return true
  const startedAt = Date.parse(status.startTime)
  const changedAt = Date.parse(condition.lastTransitionTime ?? '')
  const isUnready = condition.status === 'False'
  if (startedAt + CPU_INITIALIZATION_MS > now) return isUnready || metric.timestampMs < changedAt + metric.windowMs
  return isUnready && startedAt + INITIAL_READINESS_MS > changedAt
}

/** What each pod, or its container of this name, asks for of a resource, in thousandths. Throws, in upstream's words, when one does not say. */
export function requestsOf(
  pods: readonly Frozen<Pod>[],
  resource: string,
  container: string,
): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name ?? '', requestOf(pod, resource, container)]))
}

function requestOf(pod: Frozen<Pod>, resource: string, container: string): number {
  const { name } = pod.metadata
  if (container === '' && Object.keys(pod.spec.resources?.requests ?? {}).some(isPodLevelResource)) {
    const request = podRequests(pod)[resource]
    if (request === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`)
    return quantityMilliValue(String(request))
  }
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const counted = [...pod.spec.containers, ...sidecars].filter((c) => container === '' || c.name === container)
  if (counted.length === 0) throw new Error(`container ${container} not found in Pod ${name}`)
  return counted.reduce((sum, { name: of, resources }) => {
    const request = resources?.requests?.[resource]
    if (request === undefined) throw new Error(`missing request for ${resource} in container ${of} of Pod ${name}`)
    return sum + quantityMilliValue(String(request))
  }, 0)
}
