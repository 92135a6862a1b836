import type { Frozen } from '../../../apimachinery/meta.ts'
import { parseQuantity } from '../../../apimachinery/quantity/quantity.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { isPathSegmentName } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, problems } from '../../checks.ts'
import { validateContainerResourceName } from '../../core/v1/pod-spec/resources.ts'
import type {
  HorizontalPodAutoscalerSpec,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../../generated/types/autoscaling/v2.ts'
import type { Quantity } from '../../generated/types/scalars.ts'
import { validateReference } from './reference.ts'

/** The metrics of an autoscaler; scaling to zero needs one that lives without pods. */
export function* validateMetrics(
  { metrics = [], minReplicas }: Frozen<HorizontalPodAutoscalerSpec>,
  path: string,
): Iterable<FieldError> {
  for (const [index, metric] of metrics.entries()) yield* validateMetric(metric, `${path}[${index}]`)
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    yield fieldForbidden(
      path,
      'must specify at least one Object or External metric to support scaling to zero replicas',
    )
  }
}

/** The fields of a metric by its type, in upstream's order. */
const SOURCES = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const

const TYPES = Object.keys(SOURCES).sort()

function* validateMetric(metric: Frozen<MetricSpec>, path: string): Iterable<FieldError> {
  const { type } = metric
  if (!type) yield required(`${path}.type`, 'must specify a metric source type')
  if (!TYPES.includes(type)) yield notSupported(`${path}.type`, type, TYPES)
  const given = Object.values(SOURCES).filter((source) => metric[source] !== undefined)
  if (given[0]) yield* validateSource(metric, given[0], `${path}.${given[0]}`)
  const expected = (SOURCES as Readonly<Record<string, (typeof SOURCES)[keyof typeof SOURCES]>>)[type]
  if (!expected) yield notSupported(`${path}.type`, type, TYPES)
  else if (metric[expected] === undefined) {
    yield required(`${path}.${expected}`, 'must populate information for the given metric source')
  }
  if (given.length === 1) return
  for (const source of given) {
    if (source !== expected) yield fieldForbidden(`${path}.${source}`, 'must populate the given metric source only')
  }
}

function* validateSource(metric: Frozen<MetricSpec>, source: keyof MetricSpec, path: string): Iterable<FieldError> {
  const { object, external, pods, resource, containerResource } = metric
  if (source === 'object' && object) {
    yield* validateReference(object.describedObject, `${path}.describedObject`, 'group may be empty')
    yield* validateIdentifier(object.metric, `${path}.metric`)
    yield* validateTarget(object.target, `${path}.target`)
    const { value, averageValue } = object.target
    if (value === undefined && averageValue === undefined) {
      yield required(`${path}.target.averageValue`, 'must set either a target value or averageValue')
    }
  } else if (source === 'external' && external) {
    yield* validateIdentifier(external.metric, `${path}.metric`)
    yield* validateTarget(external.target, `${path}.target`)
    yield* validateExternalTarget(external.target, `${path}.target`)
  } else if (source === 'pods' && pods) {
    yield* validateIdentifier(pods.metric, `${path}.metric`)
    yield* validateTarget(pods.target, `${path}.target`)
    if (pods.target.averageValue === undefined) {
      yield required(`${path}.target.averageValue`, 'must specify a positive target averageValue')
    }
  } else if (source === 'resource' && resource) {
    if (!resource.name) yield required(`${path}.name`, 'must specify a resource name')
    yield* validateResourceTarget(resource.target, `${path}.target`)
  } else if (containerResource) {
    const { name, container, target } = containerResource
    if (name) yield* validateContainerResourceName(`${path}.name`, name)
    else yield required(`${path}.name`, 'must specify a resource name')
    if (container) yield* dns1123Label(`${path}.container`, container)
    else yield required(`${path}.container`, 'must specify a container')
    yield* validateResourceTarget(target, `${path}.target`)
  }
}

function* validateExternalTarget(target: Frozen<MetricTarget>, path: string): Iterable<FieldError> {
  const { value, averageValue } = target
  if (value === undefined && averageValue === undefined) {
    yield required(`${path}.averageValue`, 'must set either a target value for metric or a per-pod target')
  }
  if (value !== undefined && averageValue !== undefined) {
    yield fieldForbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target')
  }
}

function* validateResourceTarget(target: Frozen<MetricTarget>, path: string): Iterable<FieldError> {
  yield* validateTarget(target, path)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined) {
    yield required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization')
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    yield fieldForbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization')
  }
}

function* validateTarget(target: Frozen<MetricTarget>, path: string): Iterable<FieldError> {
  const { type, value, averageValue, averageUtilization: utilization } = target
  if (!type) yield required(`${path}.type`, 'must specify a metric target type')
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    yield invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue')
  }
  if (isNotPositive(value)) yield invalid(`${path}.value`, String(value), 'must be positive')
  if (isNotPositive(averageValue)) yield invalid(`${path}.averageValue`, String(averageValue), 'must be positive')
  if (utilization !== undefined && utilization < 1) {
    yield invalid(`${path}.averageUtilization`, utilization, 'must be greater than 0')
  }
}

const isNotPositive = (value: Quantity | undefined): boolean =>
  value !== undefined && parseQuantity(String(value)).nanos <= 0n

function validateIdentifier({ name }: Frozen<MetricIdentifier>, path: string): FieldError[] {
  if (!name) return [required(`${path}.name`, 'must specify a metric name')]
  return problems(`${path}.name`, name, isPathSegmentName(name))
}
