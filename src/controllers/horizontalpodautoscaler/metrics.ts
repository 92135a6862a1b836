import type { CrossVersionObjectReference } from '../../api/generated/types/autoscaling/v2.ts'
import type { LabelSelector } from '../../api/generated/types/meta/v1.ts'
import { selectorOf } from '../../apimachinery/labels/label-selector.ts'
import { formatLabelSet } from '../../apimachinery/labels/selector.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { parseDuration } from '../../apimachinery/duration/duration.ts'
import { quantityMilliValue } from '../../apimachinery/quantity/text.ts'
import { errorOf } from '../../client/caller.ts'
import { discover } from '../../client/discovery/discovery.ts'
import { queryString } from '../../client/paths.ts'
import type { Transport } from '../../client/transport.ts'
import { messageOf } from '../pods/write.ts'
import type { PodMetric, PodMetrics } from './usage.ts'

/** metrics.k8s.io's PodMetrics, as much of it as counts. */
interface PodMetricsObject {
  readonly metadata: { readonly name: string }
  readonly timestamp: string
  readonly window: string
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[]
}

/** custom.metrics.k8s.io's MetricValue. */
interface MetricValue {
  readonly describedObject: { readonly name: string }
  readonly timestamp: string
  readonly windowSeconds?: number
  readonly value: string
}

interface ItemList<T> {
  readonly items?: readonly T[]
}

/** A metric by its name, and by the labels of its series. */
export interface MetricName {
  readonly name: string
  readonly selector?: Frozen<LabelSelector>
}

const CUSTOM = '/apis/custom.metrics.k8s.io'
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1']
/** What a custom metric is taken to cover that does not say. */
const DEFAULT_WINDOW_MS = 60_000

/** Reads the three metrics APIs. Each rejects, in upstream's words, when its API does not answer or knows nothing. */
export class MetricsReader {
  readonly #transport: Transport
  readonly #signal: AbortSignal

  constructor(transport: Transport, signal: AbortSignal) {
    this.#transport = transport
    this.#signal = signal
  }

  /** What pods, or their containers of this name, use of a resource. `selector` is a label selector as text. */
  async resource(
    resource: string,
    container: string,
    { namespace, selector }: { readonly namespace: string; readonly selector: string },
  ): Promise<PodMetrics> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods${queryString({ labelSelector: selector })}`
    const items = await this.#items<PodMetricsObject>(path, 'resource')
    return new Map(items.flatMap((item) => podMetric(item, resource, container)))
  }

  /** A metric that each of the pods has. */
  async pods(
    metric: MetricName,
    { namespace, selector }: { readonly namespace: string; readonly selector: string },
  ): Promise<PodMetrics> {
    const items = await this.#custom(`/namespaces/${namespace}/pods/*/${encodeURIComponent(metric.name)}`, {
      labelSelector: selector,
      metricLabelSelector: selectorText(metric),
    })
    return new Map(
      items.map(({ describedObject, timestamp, windowSeconds, value }) => [
        describedObject.name,
        {
          value: quantityMilliValue(value),
          timestampMs: Date.parse(timestamp),
          windowMs: windowSeconds === undefined ? DEFAULT_WINDOW_MS : windowSeconds * 1000,
        },
      ]),
    )
  }

  /** A metric of one object, in thousandths. */
  async object(metric: MetricName, namespace: string, about: Frozen<CrossVersionObjectReference>): Promise<number> {
    const name = encodeURIComponent(metric.name)
    const path =
      about.kind === 'Namespace' && !about.apiVersion?.includes('/')
        ? `/namespaces/${namespace}/metrics/${name}`
        : `/namespaces/${namespace}/${await this.#groupResource(about)}/${encodeURIComponent(about.name)}/${name}`
    const [item] = await this.#custom(path, { metricLabelSelector: selectorText(metric) })
    return quantityMilliValue(item?.value)
  }

  /** All values of a metric that is of nothing in the cluster, in thousandths. */
  async external(metric: MetricName, namespace: string): Promise<number[]> {
    const query = queryString({ labelSelector: selectorText(metric) })
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${encodeURIComponent(metric.name)}${query}`
    const items = await this.#items<{ readonly value: string }>(path, 'external')
    return items.map(({ value }) => quantityMilliValue(value))
  }

  async #custom(path: string, query: Readonly<Record<string, string | undefined>>): Promise<readonly MetricValue[]> {
    const version = await this.#customVersion()
    return this.#items<MetricValue>(`${CUSTOM}/${version}${path}${queryString(query)}`, 'custom')
  }

  async #customVersion(): Promise<string> {
    try {
      const group = (await this.#get(CUSTOM)) as { readonly versions?: readonly { readonly version: string }[] }
      const served = (group.versions ?? []).map(({ version }) => version)
      return CUSTOM_VERSIONS.find((version) => served.includes(version)) ?? 'v1beta1'
    } catch (error) {
      throw new Error(`unable to fetch metrics from custom metrics API: ${messageOf(error)}`, { cause: error })
    }
  }

  async #groupResource({ kind, apiVersion = '' }: Frozen<CrossVersionObjectReference>): Promise<string> {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
    const { resources } = await discover(this.#transport, this.#signal)
    const found = resources.find((resource) => resource.kind === kind && resource.group === group)
    if (!found) {
      const why = `unable to map kind ${group ? `${kind}.${group}` : kind} to resource`
      throw new Error(`unable to fetch metrics from custom metrics API: ${why}`)
    }
    return group ? `${found.plural}.${group}` : found.plural
  }

  async #items<T>(path: string, api: 'resource' | 'custom' | 'external'): Promise<readonly T[]> {
    let list: ItemList<T>
    try {
      list = (await this.#get(path)) as ItemList<T>
    } catch (error) {
      throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`, { cause: error })
    }
    const items = list.items ?? []
    if (items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`)
    return items
  }

  async #get(path: string): Promise<unknown> {
    const answer = await this.#transport.request({ method: 'GET', path, signal: this.#signal })
    // A group that nobody serves is answered in plain text, which says nothing.
    if (answer.status === 404 && typeof answer.body === 'string')
      throw new Error('the server could not find the requested resource')
    if (answer.status >= 400) throw errorOf(answer)
    return answer.body
  }
}

function selectorText({ selector }: MetricName): string | undefined {
  return selector ? formatLabelSet(selectorOf(selector)) || undefined : undefined
}

/** Nothing for a pod of which one container is not known, or that has not the container asked for. */
function podMetric(
  { metadata, timestamp, window, containers = [] }: PodMetricsObject,
  resource: string,
  container: string,
): [string, PodMetric][] {
  const counted = container === '' ? containers : containers.filter(({ name }) => name === container)
  const values = counted.map(({ usage }) => usage[resource])
  if (values.length === 0 || values.includes(undefined)) return []
  const value = values.reduce((sum, text) => sum + quantityMilliValue(text), 0)
  return [[metadata.name, { value, timestampMs: Date.parse(timestamp), windowMs: parseDuration(window) ?? 0 }]]
}
