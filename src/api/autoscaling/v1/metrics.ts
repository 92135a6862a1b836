import type * as v1 from '../../generated/types/autoscaling/v1.ts'
import type * as v2 from '../../generated/types/autoscaling/v2.ts'

type Fields = Readonly<Record<string, unknown>>

/** Drops what is undefined. */
function fields<T>(all: Fields): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}

/** A metric of the annotation to v2. */
export function metricFromV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v1.MetricSpec): v2.MetricSpec {
  return fields({
    type,
    object: object && objectFromV1(object),
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: { type: 'AverageValue', averageValue: pods.targetAverageValue },
    },
    resource: resource && { name: resource.name, target: resourceTarget(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      target: resourceTarget(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: fields({
        type: external.targetValue === undefined ? 'AverageValue' : 'Value',
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  })
}

/** v1 cannot leave out the value, so next to an average a zero stands for none. */
function objectFromV1({ target, metricName, targetValue, selector, averageValue }: v1.ObjectMetricSource): unknown {
  const byAverage = averageValue !== undefined
  const value = byAverage && String(targetValue) === '0' ? undefined : targetValue
  return {
    describedObject: target,
    metric: identifier(metricName, selector),
    target: fields({ type: byAverage ? 'AverageValue' : 'Value', value, averageValue }),
  }
}

function resourceTarget(source: v1.ResourceMetricSource): unknown {
  const { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue } = source
  const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization'
  return fields({ type, averageValue, averageUtilization })
}

const identifier = (name: string, selector: unknown): unknown => fields({ name, selector })

/** A metric of v2 to the annotation. */
export function metricFromV2({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v2.MetricSpec): v1.MetricSpec {
  return fields({
    type,
    object:
      object &&
      fields({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods &&
      fields({
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? '0',
        selector: pods.metric.selector,
      }),
    resource: resource && fields({ name: resource.name, ...averages(resource.target) }),
    containerResource:
      containerResource &&
      fields({
        name: containerResource.name,
        ...averages(containerResource.target),
        container: containerResource.container,
      }),
    external:
      external &&
      fields({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  })
}

const averages = ({ averageUtilization, averageValue }: v2.MetricTarget): Fields => ({
  targetAverageUtilization: averageUtilization,
  targetAverageValue: averageValue,
})

/** A measurement of the annotation to v2. */
export function metricStatusFromV1(status: v1.MetricStatus): v2.MetricStatus {
  const { type, object, pods, resource, containerResource, external } = status
  const resourceValue = ({ currentAverageUtilization, currentAverageValue }: v1.ResourceMetricStatus): unknown =>
    fields({ averageUtilization: currentAverageUtilization, averageValue: currentAverageValue })
  return fields({
    type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object.metricName, object.selector),
      current: fields({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      current: { averageValue: pods.currentAverageValue },
    },
    resource: resource && { name: resource.name, current: resourceValue(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      current: resourceValue(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: fields({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  })
}

/** A measurement of v2 to the annotation. */
export function metricStatusFromV2(status: v2.MetricStatus): v1.MetricStatus {
  const { type, object, pods, resource, containerResource, external } = status
  const resourceValue = ({ averageUtilization, averageValue = '0' }: v2.MetricValueStatus): Fields => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue,
  })
  return fields({
    type,
    object:
      object &&
      fields({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? '0',
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      fields({
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? '0',
        selector: pods.metric.selector,
      }),
    resource: resource && fields({ name: resource.name, ...resourceValue(resource.current) }),
    containerResource:
      containerResource &&
      fields({
        name: containerResource.name,
        ...resourceValue(containerResource.current),
        container: containerResource.container,
      }),
    external:
      external &&
      fields({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? '0',
        currentAverageValue: external.current.averageValue,
      }),
  })
}
