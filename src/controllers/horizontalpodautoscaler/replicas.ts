import { isPodReady } from '../../api/core/v1/pod-conditions.ts'
import { groupPods, requestsOf, type PodMetric, type PodMetrics, type TargetPods } from './usage.ts'

/** By what share usage may be off its target before anything is done. */
export interface Tolerances {
  readonly scaleUp: number
  readonly scaleDown: number
}

/** How many replicas a metric asks for, and what was seen. */
export interface Wanted {
  readonly replicas: number
  /** Average usage in thousandths, or the whole of it where the target is a whole. */
  readonly usage: number
  /** Percent of requests, where the target is one. */
  readonly utilization?: number
}

/** A container's or pod's share of a resource, against a target. */
export interface ResourceTarget {
  readonly resource: string
  /** '' for the whole pod. */
  readonly container: string
}

interface Measured {
  readonly ratio: number
  readonly usage: number
  readonly utilization?: number
}

/** How usage is compared with its target. */
interface Measure {
  of(metrics: PodMetrics): Measured
  /** What a pod of which nothing is known counts for when replicas are to go. */
  missing(pod: string): number
}

const MOST_REPLICAS = 2 ** 31 - 1
const NO_PODS = 'no pods returned by selector while calculating replica count'
const NO_METRICS = 'did not receive metrics for targeted pods (pods might be unready)'

/** Replicas so that the pods use `target` percent of what they ask for. */
export function replicasForUtilization(
  current: number,
  target: number,
  { resource, container }: ResourceTarget,
  metrics: PodMetrics,
  pods: TargetPods,
  tolerances: Tolerances,
): Wanted {
  const measure = (): Measure => {
    const requests = requestsOf(pods.pods, resource, container)
    return {
      of: (known) => utilization(known, requests, target),
      missing: (pod) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, target)) / 100),
    }
  }
  return decide(current, resource, metrics, pods, tolerances, measure)
}

/** Replicas so that the pods use `target` thousandths on average. `resource` is '' for a metric that is no resource. */
export function replicasForAverage(
  current: number,
  target: number,
  resource: string,
  metrics: PodMetrics,
  pods: TargetPods,
  tolerances: Tolerances,
): Wanted {
  const of = (known: PodMetrics): Measured => {
    const usage = Math.trunc(sum([...known.values()].map(({ value }) => value)) / known.size)
    return { usage, ratio: usage / target }
  }
  return decide(current, resource, metrics, pods, tolerances, () => ({ of, missing: () => target }))
}

/** Replicas in proportion to a value that the ready pods share, such as the length of a queue. */
export function replicasForTotal(
  current: number,
  usage: number,
  target: number,
  { pods }: TargetPods,
  tolerances: Tolerances,
): Wanted {
  const ratio = usage / target
  if (current === 0) return { usage, replicas: rounded(ratio) }
  if (isWithin(tolerances, ratio)) return { usage, replicas: current }
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${NO_PODS}`)
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length
  return { usage, replicas: rounded(ratio * ready) }
}

/** Replicas so that each has `target` of a value. `current` are those there are; where there are none yet, nobody has a share of what is used. */
export function replicasForShare(current: number, usage: number, target: number, tolerances: Tolerances): Wanted {
  const isFine = isWithin(tolerances, usage / (target * current))
  return { replicas: isFine ? current : rounded(usage / target), usage: current === 0 ? 0 : Math.ceil(usage / current) }
}

/**
 * Upstream's rule for usage by pod: pods that are not ready or of which nothing is known are taken to use what makes the change smaller,
 * and when that would turn its direction, nothing changes.
 */
function decide(
  current: number,
  resource: string,
  metrics: PodMetrics,
  pods: TargetPods,
  tolerances: Tolerances,
  measureBy: () => Measure,
): Wanted {
  if (pods.pods.length === 0) throw new Error(NO_PODS)
  const { ready, unready, missing, ignored } = groupPods(pods, metrics, resource)
  const counted = new Map([...metrics].filter(([pod]) => !ignored.has(pod) && !unready.has(pod)))
  if (counted.size === 0) throw new Error(NO_METRICS)
  const measure = measureBy()
  const { ratio, ...seen } = measure.of(counted)
  const isUpWithUnready = unready.size > 0 && ratio > 1
  if (!isUpWithUnready && missing.size === 0)
    return { ...seen, replicas: isWithin(tolerances, ratio) ? current : rounded(ratio * ready) }
  for (const pod of missing) {
    if (ratio < 1) counted.set(pod, assumed(measure.missing(pod)))
    else if (ratio > 1) counted.set(pod, assumed(0))
  }
  if (isUpWithUnready) for (const pod of unready) counted.set(pod, assumed(0))
  const careful = measure.of(counted).ratio
  if (isWithin(tolerances, careful) || turns(ratio - 1, careful - 1)) return { ...seen, replicas: current }
  const replicas = rounded(careful * counted.size)
  return { ...seen, replicas: turns(careful - 1, replicas - current) ? current : replicas }
}

const assumed = (value: number): PodMetric => ({ value, timestampMs: 0, windowMs: 0 })

const turns = (before: number, after: number): boolean => (before < 0 && after > 0) || (before > 0 && after < 0)

const isWithin = ({ scaleUp, scaleDown }: Tolerances, ratio: number): boolean =>
  1 - scaleDown <= ratio && ratio <= 1 + scaleUp

const rounded = (replicas: number): number => Math.min(Math.ceil(replicas), MOST_REPLICAS)

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function utilization(metrics: PodMetrics, requests: ReadonlyMap<string, number>, target: number): Measured {
  const known = [...metrics].filter(([pod]) => requests.has(pod))
  const used = sum(known.map(([, { value }]) => value))
  const requested = sum(known.map(([pod]) => requests.get(pod) ?? 0))
  if (requested === 0) throw new Error('no metrics returned matched known pods')
  const percent = Math.trunc((used * 100) / requested)
  return { ratio: percent / target, utilization: percent, usage: Math.trunc(used / known.length) }
}
