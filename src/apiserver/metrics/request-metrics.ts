import { type Call, header } from '../request/call.ts'
import type { RequestInfo } from '../request/info.ts'
import { isLongRunning } from '../request/long-running.ts'
import { type Counter, type Gauge, heading, type Histogram, labelsText, type Metric, type Metrics } from './metrics.ts'

/** Upstream's buckets of apiserver_request_duration_seconds. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

/** Of apiserver_request_sli_duration_seconds: the same without the shortest. */
const SLI_BUCKETS = BUCKETS.slice(2)
const RESPONSE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const BODY_BUCKETS = Array.from({ length: 31 }, (_, index) => 50_000 + 100_000 * index)
const EVENT_BUCKETS = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072]

/** What requests are told apart by. */
const LABELS = ['component', 'group', 'resource', 'scope', 'subresource', 'verb', 'version']

/** Those whose answers' sizes are told: what a watch or a log sends is one. */
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** What the verbs that carry bodies are called there. */
const BODIES: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete_collection',
}

/** Requests of one kind: what they are, and how long they took. */
interface Series {
  readonly labels: string
  readonly codes: Map<number, number>
  readonly durations: Histogram
  /** Of those that end by themselves and change something for good. */
  readonly sli: Histogram | undefined
  /** Of reads. */
  readonly sizes: Histogram | undefined
  /** Of writes. */
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
  readonly #terminated: Metric<Counter>
  readonly #deprecated: Metric<Gauge>
  readonly #longRunning: Metric<Gauge>

  constructor(metrics: Metrics) {
    const labels = LABELS
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
    this.#longRunning = metrics.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Requests that go on: watches and their like.',
      stability: 'STABLE',
      labels: LABELS,
    })
    this.#terminated = metrics.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Requests that were ended in self-defence.',
      labels: [...LABELS, 'code'],
    })
    this.#deprecated = metrics.gauge({
      name: 'apiserver_requested_deprecated_apis',
      help: 'Deprecated APIs that were asked for, and the release that goes without them, when it is known.',
      stability: 'STABLE',
      labels: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    })
    metrics.collect(() => this.#counters())
  }

  /** Notes an answered request; those that last as long as the client likes, when they have ended. */
  observe(call: Call, { code, seconds, secondsElsewhere, bytes }: Outcome): void {
    const dryRun = call.query.size > 0 ? (call.query.get('dryRun') ?? '') : ''
    const series = this.#of(call, dryRun)
    if (!series) return
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1)
    series.durations.observe(seconds)
    series.sli?.observe(seconds - secondsElsewhere)
    if (bytes !== undefined) series.sizes?.observe(bytes)
    series.bodies?.observe(Number(header(call.headers, 'content-length')))
  }

  /** Notes that something was asked for that is served no longer than it must. */
  deprecated({ info: { group, version, resource, subresource } }: Call): void {
    this.#deprecated.of(group, version, resource, subresource, '').set(1)
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
    const going = this.#longRunning.of(...goingOn(call, 'apiserver'))
    going.inc()
    return () => going.dec()
  }

  /** Notes that a request was ended in self-defence: by flow control, or because who was to answer is not there. */
  terminated(call: Call, code: number, component: 'apiserver' | 'aggregator'): void {
    this.#terminated.of(...goingOn(call, component), String(code)).inc()
  }

  #of(call: Call, dryRun: string): Series | undefined {
    const { info } = call
    const verb = verbOf(call)
    const { group, version, resource, subresource } = info
    const scope = scopeOf(info)
    const what = info.isResource ? RESOURCE : pathCounted(call)
    if (!what) return undefined
    const named = info.isResource ? subresource : what.subresource
    const key = `${verb} ${group}/${version}/${resource}/${named} ${scope} ${dryRun}`
    const known = this.#series.get(key)
    if (known) return known
    const values = [what.component, group, resource, scope, named, verb, version]
    const bodyOf = info.isResource ? BODIES[info.verb] : undefined
    const series: Series = {
      labels: labelsText([...LABELS, 'dry_run'].map((label, index) => [label, [...values, dryRun][index] ?? ''])),
      codes: new Map(),
      durations: this.#durations.of(...values, dryRun),
      sli: dryRun === '' && !isLongRunning(info) ? this.#sli.of(...values) : undefined,
      sizes: READS.has(info.verb) ? this.#sizes.of(...values) : undefined,
      bodies: bodyOf === undefined ? undefined : this.#bodies.of(group, resource, bodyOf),
    }
    this.#series.set(key, series)
    return series
  }

  *#counters(): Iterable<string> {
    yield* heading('apiserver_request_total', 'counter', 'STABLE', 'Requests that were answered.')
    for (const { labels, codes } of this.#series.values()) {
      for (const [code, count] of codes) yield `apiserver_request_total{code="${code}",${labels}} ${count}`
    }
  }
}

/** What a request is counted as while it lasts: as it came, not as it is routed. */
function goingOn(call: Call, component: string): string[] {
  const { info } = call
  const named = info.isResource ? info.subresource : info.path
  return [component, info.group, info.resource, scopeOf(info), named, verbOf(call), info.version]
}

const RESOURCE = { component: 'apiserver', subresource: '' }
const HEALTH = /^\/(?:healthz|livez|readyz)$/
const OPENAPI = /^\/(openapi\/v3(?:\/|$))/
const DISCOVERY = /^\/(api|apis)$/

/** Of other paths, these are counted, as upstream counts them: some as nobody's. */
function pathCounted({ info: { path }, headers }: Call): { component: string; subresource: string } | undefined {
  if (HEALTH.test(path)) return { component: '', subresource: path }
  const described = OPENAPI.exec(path)?.[1]
  if (described !== undefined) return { component: '', subresource: described }
  const found = DISCOVERY.exec(path)?.[1]
  if (found === undefined || !header(headers, 'accept').includes('g=apidiscovery.k8s.io')) return undefined
  return { component: 'apiserver', subresource: found }
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
