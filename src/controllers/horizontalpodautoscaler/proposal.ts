import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../api/generated/types/autoscaling/v2.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { formatQuantity, milliQuantityOf } from '../../apimachinery/quantity/quantity.ts'
import { quantityMilliValue } from '../../apimachinery/quantity/text.ts'
import { messageOf } from '../pods/write.ts'
import type { MetricName, MetricsReader } from './metrics.ts'
import {
  replicasForAverage,
  replicasForShare,
  replicasForTotal,
  replicasForUtilization,
  type ResourceTarget,
  type Tolerances,
  type Wanted,
} from './replicas.ts'
import type { TargetPods } from './usage.ts'

/** What is scaled, as one look at it shows. */
export interface Target extends TargetPods {
  readonly namespace: string
  /** The selector of its pods, as text. */
  readonly selector: string
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly tolerances: Tolerances
}

/** What one metric asks for. */
export interface Proposal {
  readonly replicas: number
  /** The metric, as Events and conditions call it. */
  readonly name: string
  readonly status: Frozen<MetricStatus>
}

/** A metric could not be had. The message is of the whole, `detail` what the condition and the Event say. */
export class MetricFailure extends Error {
  readonly reason: string
  readonly detail: string
  constructor(reason: string, detail: string, message: string) {
    super(message)
    this.reason = reason
    this.detail = detail
  }
}

/** Reads a metric and says what it asks for. Rejects with a MetricFailure. */
export async function propose(spec: Frozen<MetricSpec>, target: Target, reader: MetricsReader): Promise<Proposal> {
  const { object, pods, resource, containerResource, external } = spec
  if (spec.type === 'Object' && object)
    return orFail('FailedGetObjectMetric', 'failed to get object metric value', () => ofObject(object, target, reader))
  if (spec.type === 'Pods' && pods)
    return orFail('FailedGetPodsMetric', 'failed to get pods metric value', () => ofPods(pods, target, reader))
  if (spec.type === 'Resource' && resource) {
    const what = `failed to get ${resource.name} resource metric value`
    return orFail('FailedGetResourceMetric', what, async () => {
      const of = { resource: resource.name, container: '' }
      const { current, ...rest } = await ofResource(of, resource.target, target, reader)
      return { ...rest, status: { type: 'Resource', resource: { name: resource.name, current } } }
    })
  }
  if (spec.type === 'ContainerResource' && containerResource) {
    const { name, container } = containerResource
    return orFail('FailedGetContainerResourceMetric', `failed to get ${container} container metric value`, async () => {
      const of = { resource: name, container }
      const { current, ...rest } = await ofResource(of, containerResource.target, target, reader)
      return { ...rest, status: { type: 'ContainerResource', containerResource: { name, container, current } } }
    })
  }
  if (spec.type === 'External' && external) {
    const what = `failed to get ${external.metric.name} external metric value`
    return orFail('FailedGetExternalMetric', what, () => ofExternal(external, target, reader))
  }
  const why = `unknown metric source type ${JSON.stringify(spec.type)}`
  throw new MetricFailure('InvalidMetricSourceType', why, why)
}

async function orFail(reason: string, what: string, act: () => Promise<Proposal>): Promise<Proposal> {
  try {
    return await act()
  } catch (error) {
    throw new MetricFailure(reason, messageOf(error), `${what}: ${messageOf(error)}`)
  }
}

async function ofResource(
  of: ResourceTarget,
  { averageValue, averageUtilization }: Frozen<MetricTarget>,
  target: Target,
  reader: MetricsReader,
): Promise<{ readonly replicas: number; readonly name: string; readonly current: MetricValueStatus }> {
  const kind = averageValue === undefined ? 'utilization' : 'usage'
  if (averageValue === undefined && averageUtilization === undefined)
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    )
  const { resource, container } = of
  const get = async (): Promise<Wanted> => {
    const metrics = await named(`unable to get metrics for resource ${resource}`, () =>
      reader.resource(resource, container, target),
    )
    const { specReplicas, tolerances } = target
    if (averageValue !== undefined)
      return replicasForAverage(specReplicas, milli(averageValue), resource, metrics, target, tolerances)
    return replicasForUtilization(specReplicas, averageUtilization ?? 0, of, metrics, target, tolerances)
  }
  const { replicas, usage, utilization } = await named(`failed to get ${resource} ${kind}`, get)
  const average = quantity(usage, resource)
  if (utilization === undefined) return { replicas, name: `${resource} resource`, current: { averageValue: average } }
  const name = `${resource} ${container === '' ? '' : 'container '}resource utilization (percentage of request)`
  return { replicas, name, current: { averageUtilization: utilization, averageValue: average } }
}

async function ofPods(
  { metric, target: { averageValue } }: Frozen<NonNullable<MetricSpec['pods']>>,
  target: Target,
  reader: MetricsReader,
): Promise<Proposal> {
  const metrics = await named(`unable to get metric ${metric.name}`, () => reader.pods(metric, target))
  const { specReplicas, tolerances } = target
  const { replicas, usage } = replicasForAverage(specReplicas, milli(averageValue), '', metrics, target, tolerances)
  const current = { averageValue: quantity(usage) }
  const status: Frozen<MetricStatus> = { type: 'Pods', pods: { metric: identifier(metric), current } }
  return { replicas, name: `pods metric ${metric.name}`, status }
}

async function ofObject(
  { metric, describedObject, target: goal }: Frozen<NonNullable<MetricSpec['object']>>,
  target: Target,
  reader: MetricsReader,
): Promise<Proposal> {
  const { namespace, specReplicas, statusReplicas, tolerances } = target
  const read = async (): Promise<number> => {
    try {
      return await reader.object(metric, namespace, describedObject)
    } catch (error) {
      const about = `${describedObject.kind} ${namespace}/${describedObject.name}`
      throw new Error(`unable to get metric ${metric.name}: ${messageOf(error)} on ${about}`, { cause: error })
    }
  }
  const statusOf = (current: MetricValueStatus): Frozen<MetricStatus> => ({
    type: 'Object',
    object: { metric: identifier(metric), describedObject, current },
  })
  if (goal.type === 'Value' && goal.value !== undefined) {
    const { replicas, usage } = replicasForTotal(specReplicas, await read(), milli(goal.value), target, tolerances)
    const name = `${describedObject.kind} metric ${metric.name}`
    return { replicas, name, status: statusOf({ value: quantity(usage) }) }
  }
  if (goal.type === 'AverageValue' && goal.averageValue !== undefined) {
    const total = await named(`failed to get ${metric.name} object metric`, read)
    const { replicas, usage } = replicasForShare(statusReplicas, total, milli(goal.averageValue), tolerances)
    return { replicas, name: nameOfExternal(metric), status: statusOf({ averageValue: quantity(usage) }) }
  }
  throw new Error('invalid object metric source: neither a value target nor an average value target was set')
}

async function ofExternal(
  { metric, target: goal }: Frozen<NonNullable<MetricSpec['external']>>,
  target: Target,
  reader: MetricsReader,
): Promise<Proposal> {
  const { namespace, specReplicas, statusReplicas, tolerances } = target
  const total = async (): Promise<number> => {
    const selector = metric.selector ? goText(metric) : 'nil'
    const values = await named(`unable to get external metric ${namespace}/${metric.name}/${selector}`, () =>
      reader.external(metric, namespace),
    )
    return values.reduce((sum, value) => sum + value, 0)
  }
  const statusOf = (current: MetricValueStatus): Frozen<MetricStatus> => ({
    type: 'External',
    external: { metric: identifier(metric), current },
  })
  const { averageValue, value } = goal
  if (averageValue !== undefined) {
    const { replicas, usage } = await named(`failed to get ${metric.name} external metric`, async () =>
      replicasForShare(statusReplicas, await total(), milli(averageValue), tolerances),
    )
    return { replicas, name: nameOfExternal(metric), status: statusOf({ averageValue: quantity(usage) }) }
  }
  if (value !== undefined) {
    const { replicas, usage } = await named(`failed to get external metric ${metric.name}`, async () =>
      replicasForTotal(specReplicas, await total(), milli(value), target, tolerances),
    )
    return { replicas, name: nameOfExternal(metric), status: statusOf({ value: quantity(usage) }) }
  }
  throw new Error('invalid external metric source: neither a value target nor an average value target was set')
}

/** Puts what was being done before an error's message. */
async function named<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error })
  }
}

const milli = (value: string | number | undefined): number =>
  quantityMilliValue(value === undefined ? value : String(value))

/** Memory is told in binary units, as metrics-server tells it. */
function quantity(thousandths: number, resource = ''): string {
  return formatQuantity(milliQuantityOf(thousandths, resource === 'memory' ? 'BinarySI' : 'DecimalSI'))
}

function identifier({ name, selector }: MetricName): { name: string; selector?: NonNullable<MetricName['selector']> } {
  return selector ? { name, selector } : { name }
}

const nameOfExternal = (metric: MetricName): string =>
  `external metric ${metric.name}(${metric.selector ? goText(metric) : 'nil'})`

/** A selector as Go prints it. */
function goText({ selector }: MetricName): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],}`,
  )
  const map = labels.map(([key, value]) => `${key}: ${value},`).join('')
  return `&LabelSelector{MatchLabels:map[string]string{${map}},MatchExpressions:[]LabelSelectorRequirement{${expressions.map((e) => `${e},`).join('')}},}`
}
