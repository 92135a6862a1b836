import { type Call, header } from '../request/call.ts'
import type { RequestInfo } from '../request/info.ts'
import { type Counter, heading, type Histogram, type Metric, type Metrics } from './metrics.ts'

/** Upstream's buckets of apiserver_request_duration_seconds. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

/** Of apiserver_request_sli_duration_seconds: the same without the shortest. */
const SLI_BUCKETS = BUCKETS.slice(2)
const RESPONSE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const BODY_BUCKETS = Array.from({ length: 31 }, (_, index) => 50_000 + 100_000 * index)
const EVENT_BUCKETS = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072]

/** Requests of one kind: what they are, and how long they took. */
interface Series {
  readonly labels: string
  readonly codes: Map<number, number>
  readonly durations: Histogram
  readonly sli: Histogram
  /** Of reads. */
  readonly sizes: Histogram | undefined
  /** Of writes that carry an object. */
  readonly bodies: Histogram | undefined
}

/** How a request went. */
export interface Outcome {
  readonly code: number
  readonly seconds: number
  /** Of what others did for it: webhooks. */
  readonly secondsElsewhere: number
  /** Of the answer's body, when it is known. */
  readonly bytes: number | undefined
}

/** Counts requests and times them, under upstream's names. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>()
  readonly #durations: Metric<Histogram>
  readonly #sli: Metric<Histogram>
  readonly #sizes: Metric<Histogram>
  readonly #bodies: Metric<Histogram>
  readonly #events: Metric<Counter>
  readonly #eventSizes: Metric<Histogram>
  readonly #terminated = new Map<string, number>()
  readonly #longRunning = new Map<string, number>()

  constructor(metrics: Metrics) {
    const labels = ['component', 'group', 'resource', 'scope', 'subresource', 'verb', 'version']
    this.#durations = metrics.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'How long requests took, in seconds.',
      stability: 'STABLE',
      labels: [...labels, 'dry_run'],
      buckets: BUCKETS,
    })
    this.#sli = metrics.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'How long requests took, in seconds, without the time of webhooks.',
      labels,
      buckets: SLI_BUCKETS,
    })
    this.#sizes = metrics.histogram({
      name: 'apiserver_response_sizes',
      help: 'How large answers were, in bytes.',
      stability: 'STABLE',
      labels,
      buckets: RESPONSE_BUCKETS,
    })
    this.#bodies = metrics.histogram({
      name: 'apiserver_request_body_size_bytes',
      help: 'How large the bodies of writes were, in bytes.',
      labels: ['group', 'resource', 'verb'],
      buckets: BODY_BUCKETS,
    })
    const ofWatch = { labels: ['group', 'resource', 'version'] }
    this.#events = metrics.counter({
      name: 'apiserver_watch_events_total',
      help: 'Events that were sent to watchers.',
      ...ofWatch,
    })
    this.#eventSizes = metrics.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'How large the events of watches were, in bytes.',
      buckets: EVENT_BUCKETS,
      ...ofWatch,
    })
    metrics.collect(() => this.#lines())
  }

  /** Notes an answered request. Watches and their like are not timed: they last as long as the client likes. */
  observe(call: Call, { code, seconds, secondsElsewhere, bytes }: Outcome): void {
    const verb = verbOf(call)
    const dryRun = call.query.size > 0 ? (call.query.get('dryRun') ?? '') : ''
    const series = this.#of(call.info, verb, dryRun)
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1)
    if (verb === 'WATCH' || verb === 'CONNECT') return
    series.durations.observe(seconds)
    series.sli.observe(seconds - secondsElsewhere)
    if (bytes !== undefined) series.sizes?.observe(bytes)
    series.bodies?.observe(Number(header(call.headers, 'content-length')))
  }

  /** What notes the events of a watch, each with its size in bytes. */
  watchEvents({ info: { group, resource, version } }: Call): (bytes: number) => void {
    const count = this.#events.of(group, resource, version)
    const sizes = this.#eventSizes.of(group, resource, version)
    return (bytes) => {
      count.inc()
      sizes.observe(bytes)
    }
  }

  /** Notes a request that goes on; returns what notes its end. */
  began(call: Call): () => void {
    const labels = labelsOf(call.info, verbOf(call), undefined)
    this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 0) + 1)
    return () => void this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 1) - 1)
  }

  /** Notes that flow control turned a request away. */
  dropped(call: Call): void {
    const { info } = call
    const { group, version, resource } = info
    const subresource = info.isResource ? info.subresource : nonResource(info.path)
    const labels = [
      'code="429",component="apiserver"',
      ...Object.entries({ group, resource, scope: scopeOf(info), subresource, verb: verbOf(call), version }).map(
        ([name, value]) => `${name}=${JSON.stringify(value)}`,
      ),
    ].join()
    this.#terminated.set(labels, (this.#terminated.get(labels) ?? 0) + 1)
  }

  #of(info: RequestInfo, verb: string, dryRun: string): Series {
    const { group, version, resource, subresource } = info
    const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scopeOf(info)} ${dryRun}`
    const known = this.#series.get(key)
    if (known) return known
    const labels = labelsOf(info, verb, dryRun)
    const scope = scopeOf(info)
    const named = info.isResource ? subresource : nonResource(info.path)
    const values = ['apiserver', group, resource, scope, named, verb, version]
    const carries = verb === 'POST' || verb === 'PUT' || verb === 'PATCH' || verb === 'APPLY'
    const series: Series = {
      labels,
      codes: new Map(),
      durations: this.#durations.of(...values, dryRun),
      sli: this.#sli.of(...values),
      sizes: verb === 'GET' || verb === 'LIST' ? this.#sizes.of(...values) : undefined,
      bodies: carries && info.isResource ? this.#bodies.of(group, resource, info.verb) : undefined,
    }
    this.#series.set(key, series)
    return series
  }

  *#lines(): Iterable<string> {
    yield* this.#counters()
    yield* this.#gauges()
  }

  *#counters(): Iterable<string> {
    yield* heading('apiserver_request_total', 'counter', 'STABLE', 'Requests that were answered.')
    for (const { labels, codes } of this.#series.values()) {
      for (const [code, count] of codes) yield `apiserver_request_total{code="${code}",${labels}} ${count}`
    }
  }

  *#gauges(): Iterable<string> {
    yield* heading('apiserver_longrunning_requests', 'gauge', 'STABLE', 'Requests that go on: watches and their like.')
    for (const [labels, count] of this.#longRunning) yield `apiserver_longrunning_requests{${labels}} ${count}`
    if (this.#terminated.size === 0) return
    const terminations = 'apiserver_request_terminations_total'
    yield* heading(terminations, 'counter', 'ALPHA', 'Number of requests which apiserver terminated in self-defense.')
    for (const [labels, count] of this.#terminated) yield `${terminations}{${labels}} ${count}`
  }
}

function labelsOf(info: RequestInfo, verb: string, dryRun: string | undefined): string {
  const { group, version, resource, subresource } = info
  const values = {
    component: 'apiserver',
    ...(dryRun !== undefined && { dry_run: dryRun }),
    group,
    resource,
    scope: scopeOf(info),
    subresource: info.isResource ? subresource : nonResource(info.path),
    verb,
    version,
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join()
}

/** Few paths are known by name, so that nobody can make series without end. */
const KNOWN_PATHS = /^\/(healthz|livez|readyz|version|metrics|openapi\/v[23]|api|apis)(\/|$)/

function nonResource(path: string): string {
  return KNOWN_PATHS.exec(path)?.[0].replace(/\/$/, '') ?? ''
}

function scopeOf({ isResource, name, namespace, verb }: RequestInfo): string {
  if (!isResource) return ''
  if (name !== '' || verb === 'create') return 'resource'
  return namespace === '' ? 'cluster' : 'namespace'
}

const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
}

const CONNECTS: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

function verbOf({ info, headers }: Call): string {
  if (CONNECTS.has(info.subresource)) return 'CONNECT'
  if (info.verb === 'patch' && headers['content-type'] === 'application/apply-patch+yaml') return 'APPLY'
  return VERBS[info.verb] ?? 'other'
}
