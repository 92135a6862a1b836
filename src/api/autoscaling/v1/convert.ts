import type { Frozen } from '../../../apimachinery/meta.ts'
import type * as v1 from '../../generated/types/autoscaling/v1.ts'
import type * as v2 from '../../generated/types/autoscaling/v2.ts'
import { fromInternalForm, internalForm } from '../../internal-form.ts'
import { defaultAutoscaler, defaultMetric } from '../v2/default.ts'
import { metricFromV1, metricFromV2, metricStatusFromV1, metricStatusFromV2 } from './metrics.ts'

/** Annotations in which v1 carries what it has no fields for. */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
/** Upstream writes its own form into the annotation, and reads it whatever the case of the names. */
const BEHAVIOR_MODEL = 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior'
const CARRIERS = new Set([METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS])

/** v1 to v2. An annotation that cannot be read is as good as absent. */
export function toV2(old: Frozen<v1.HorizontalPodAutoscaler>): v2.HorizontalPodAutoscaler {
  const { metadata, spec, status } = structuredClone(old) as v1.HorizontalPodAutoscaler
  const carried = metadata.annotations ?? {}
  const { targetCPUUtilizationPercentage: cpu, ...rest } = spec
  const metrics = (listIn(carried[METRICS]) ?? []).map((metric) => metricFromV1(metric as v1.MetricSpec))
  if (cpu !== undefined) metrics.push(cpuTarget(cpu))
  const behavior = objectIn(carried[BEHAVIOR])
  const autoscaler: v2.HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, withoutCarriers(carried)),
    spec: { ...rest, metrics: metrics.length > 0 ? metrics : [defaultMetric()], ...(behavior && { behavior }) },
    ...(status && { status: statusToV2(status, carried) }),
  }
  // What an annotation leaves out has the defaults that it would have in v2.
  defaultAutoscaler(autoscaler)
  return autoscaler
}

function statusToV2(
  { currentCPUUtilizationPercentage: cpu, ...status }: v1.HorizontalPodAutoscalerStatus,
  carried: Readonly<Record<string, string>>,
): v2.HorizontalPodAutoscalerStatus {
  const metrics = listIn(carried[CURRENT_METRICS])?.map((metric) => metricStatusFromV1(metric as v1.MetricStatus))
  const conditions = listIn(carried[CONDITIONS]) as v2.HorizontalPodAutoscalerCondition[] | undefined
  const currentMetrics = metrics ?? (cpu === undefined ? undefined : [cpuStatus(cpu)])
  return { ...status, ...(currentMetrics && { currentMetrics }), ...(conditions && { conditions }) }
}

/** v2 to v1. */
export function fromV2(stored: Frozen<v2.HorizontalPodAutoscaler>): v1.HorizontalPodAutoscaler {
  const { metadata, spec, status } = structuredClone(stored) as v2.HorizontalPodAutoscaler
  const { metrics: given, behavior, ...rest } = spec
  const metrics = given ?? []
  const annotations = withoutCarriers(metadata.annotations ?? {})
  const others = metrics.filter((metric) => cpuPercentage(metric) === undefined).map(metricFromV2)
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others)
  if (behavior) annotations[BEHAVIOR] = JSON.stringify(internalForm(BEHAVIOR_MODEL, behavior))
  const { currentMetrics: measured, conditions: observed, ...kept } = status ?? { desiredReplicas: 0 }
  // A list that has nothing may also be null.
  const currentMetrics = measured ?? []
  const conditions = observed ?? []
  if (currentMetrics.length > 0) annotations[CURRENT_METRICS] = JSON.stringify(currentMetrics.map(metricStatusFromV2))
  if (conditions.length > 0) annotations[CONDITIONS] = JSON.stringify(conditions)
  const cpu = metrics.map(cpuPercentage).find((value) => value !== undefined)
  const used = currentMetrics.find(({ resource }) => resource?.name === 'cpu')?.resource?.current.averageUtilization
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, annotations),
    spec: { ...rest, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) },
    ...(status && {
      status: {
        ...kept,
        currentReplicas: kept.currentReplicas ?? 0,
        ...(used !== undefined && { currentCPUUtilizationPercentage: used }),
      },
    }),
  }
}

const cpuPercentage = ({ type, resource }: v2.MetricSpec): number | undefined =>
  type === 'Resource' && resource?.name === 'cpu' ? resource.target.averageUtilization : undefined

const cpuTarget = (averageUtilization: number): v2.MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

const cpuStatus = (averageUtilization: number): v2.MetricStatus => ({
  type: 'Resource',
  resource: { name: 'cpu', current: { averageUtilization } },
})

const withoutCarriers = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !CARRIERS.has(key)))

/** The annotations take the place of those that were there; of none nothing is said. */
function withAnnotations<T extends { annotations?: unknown }>(
  { annotations: _old, ...metadata }: T,
  annotations: Record<string, string>,
): Omit<T, 'annotations'> & { annotations?: Record<string, string> } {
  return Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function listIn(text: string | undefined): unknown[] | undefined {
  const value = parsed(text)
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null) ? value : undefined
}

type Behavior = v2.HorizontalPodAutoscalerBehavior

function objectIn(text: string | undefined): Behavior | undefined {
  const value = parsed(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.keys(value).length > 0 ? (fromInternalForm(BEHAVIOR_MODEL, value) as Behavior) : undefined
}
