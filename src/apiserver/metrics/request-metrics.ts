import type { Call } from '../request/call.ts'
import type { RequestInfo } from '../request/info.ts'

/** Upstream's buckets of apiserver_request_duration_seconds. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

/** Requests of one kind: what they are, and how long they took. */
interface Series {
  readonly labels: string
  readonly codes: Map<number, number>
  readonly buckets: number[]
  count: number
  sum: number
}

/** Counts requests and times them, under upstream's names. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>()
  readonly #longRunning = new Map<string, number>()

  /** Notes an answered request. Watches and their like are not timed: they last as long as the client likes. */
  observe(call: Call, code: number, seconds: number): void {
    const verb = verbOf(call)
    const series = this.#of(call.info, verb, call.query.get('dryRun') ?? '')
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1)
    if (verb === 'WATCH' || verb === 'CONNECT') return
    series.count++
    series.sum += seconds
    const bucket = BUCKETS.findIndex((most) => seconds <= most)
    if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
  }

  /** Notes a request that goes on; returns what notes its end. */
  began(call: Call): () => void {
    const labels = labelsOf(call.info, verbOf(call), undefined)
    this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 0) + 1)
    return () => void this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 1) - 1)
  }

  #of(info: RequestInfo, verb: string, dryRun: string): Series {
    const { group, version, resource, subresource } = info
    const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scopeOf(info)} ${dryRun}`
    const known = this.#series.get(key)
    if (known) return known
    const labels = labelsOf(info, verb, dryRun)
    const series = { labels, codes: new Map<number, number>(), buckets: BUCKETS.map(() => 0), count: 0, sum: 0 }
    this.#series.set(key, series)
    return series
  }

  /** In Prometheus' text format. */
  *lines(): Iterable<string> {
    yield* this.#counters()
    yield* this.#durations()
    yield* this.#gauges()
  }

  *#counters(): Iterable<string> {
    yield* head('apiserver_request_total', 'counter', 'Counter of apiserver requests.')
    for (const { labels, codes } of this.#series.values()) {
      for (const [code, count] of codes) yield `apiserver_request_total{code="${code}",${labels}} ${count}`
    }
  }

  *#durations(): Iterable<string> {
    const name = 'apiserver_request_duration_seconds'
    yield* head(name, 'histogram', 'Response latency distribution in seconds for each kind of request.')
    for (const { labels, buckets, count, sum } of this.#series.values()) {
      if (count === 0) continue
      let below = 0
      for (const [index, most] of BUCKETS.entries()) {
        below += buckets[index] ?? 0
        yield `${name}_bucket{${labels},le="${most}"} ${below}`
      }
      yield `${name}_bucket{${labels},le="+Inf"} ${count}`
      yield `${name}_sum{${labels}} ${sum}`
      yield `${name}_count{${labels}} ${count}`
    }
  }

  *#gauges(): Iterable<string> {
    yield* head('apiserver_longrunning_requests', 'gauge', 'Gauge of all active long-running apiserver requests.')
    for (const [labels, count] of this.#longRunning) yield `apiserver_longrunning_requests{${labels}} ${count}`
  }
}

function* head(name: string, type: string, help: string): Iterable<string> {
  yield `# HELP ${name} ${help}`
  yield `# TYPE ${name} ${type}`
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
  deletecollection: 'DELETECOLLECTION',
}

const CONNECTS: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

function verbOf({ info, headers }: Call): string {
  if (CONNECTS.has(info.subresource)) return 'CONNECT'
  if (info.verb === 'patch' && headers['content-type'] === 'application/apply-patch+yaml') return 'APPLY'
  return VERBS[info.verb] ?? 'other'
}
