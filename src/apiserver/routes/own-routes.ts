import type { Descriptions } from '../../api/openapi/model.ts'
import type { Env } from '../../lib/env.ts'
import type { Store } from '../../store/store.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import { aggregatedDocuments } from '../aggregation/documents.ts'
import type { Ending } from '../ending.ts'
import { Discovery } from '../discovery/discovery.ts'
import { type HealthCheck, healthAnswer } from '../health/health.ts'
import { healthIndicators } from '../health/indicators.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { openApiDocuments } from '../openapi/documents.ts'
import { openApiRoutes } from '../openapi/routes.ts'
import type { Answer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { VersionInfo } from '../version.ts'
import type { Route } from './routes.ts'
import { checkTakesJson, jsonAnswer } from './text.ts'

export interface OwnRoutesOptions {
  readonly env: Env
  readonly store: Store
  readonly resources: ResourceTable
  readonly metrics: Metrics
  /** Beyond the store's own. */
  readonly healthChecks: readonly HealthCheck[]
  readonly version: VersionInfo
  /** `host:port` where clients reach the server. */
  readonly address: string
  readonly descriptions: Descriptions | undefined
  /** The API servers behind this one, when there are any. */
  aggregation(): Aggregation | undefined
  /** Whether it is told to end. */
  readonly ending: Ending
  /** Every path that is served. */
  paths(): readonly string[]
}

/** What every API server answers beside its resources: OpenAPI, discovery, health, metrics and its version. */
export function ownRoutes(options: OwnRoutesOptions): Route[] {
  const { env, resources, metrics, version, paths } = options
  const started = env.clock.now()
  const indicators = healthIndicators()
  return [
    ...documentRoutes(options),
    { path: '/', answer: () => jsonAnswer({ paths: paths() }) },
    { path: '/metrics', answer: (call) => metricsAnswer(metrics, started, call.method) },
    { path: '/metrics/slis', answer: () => metricsAnswer(indicators.metrics, started) },
    { path: '/version', service: true, answer: (call) => (checkTakesJson(call), jsonAnswer(version)) },
    ...healthRoutes(options, indicators.note),
    ...discoveryRoutes(new Discovery(resources, options.address, () => options.aggregation())),
  ]
}

function documentRoutes({ env, resources, version, descriptions, aggregation }: OwnRoutesOptions): Route[] {
  const documents = openApiDocuments(resources, version.gitVersion, descriptions)
  return openApiRoutes(aggregatedDocuments(documents, aggregation), env.clock)
}

function checkStays({ begun }: Ending): void {
  if (begun) throw new Error('process is shutting down')
}

function healthRoutes(
  { env, store, healthChecks, ending }: OwnRoutesOptions,
  note: Parameters<typeof healthAnswer>[4],
): Route[] {
  const storeAnswers = async (): Promise<void> => void (await store.count('/registry/health'))
  const checks: readonly HealthCheck[] = [
    { name: 'ping', check: () => {} },
    { name: 'log', check: () => {} },
    { name: 'etcd', check: storeAnswers },
    { name: 'etcd-readiness', only: ['readyz'], check: storeAnswers },
    { name: 'informer-sync', only: ['readyz'], check: () => {} },
    ...healthChecks,
    { name: 'shutdown', only: ['readyz'], check: () => checkStays(ending) },
  ]
  const answer = (call: Call): Promise<Answer | undefined> =>
    healthAnswer(checks, call.info.path, call.query, env.log, note)
  return ['/healthz', '/livez', '/readyz'].flatMap((path) => [
    { path, answer },
    { path: `${path}/`, answer },
  ])
}

function discoveryRoutes(discovery: Discovery): Route[] {
  const answer = (call: Call): Promise<Answer | undefined> => discovery.answer(call)
  return ['/api', '/apis'].flatMap((path) => [
    { path, service: path === '/api', answer },
    { path: `${path}/`, answer },
  ])
}

/** Upstream forgets what it counted; here counts go on. */
const METRICS_RESET: Answer = {
  type: 'raw',
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'metrics reset\n',
}

async function metricsAnswer(metrics: Metrics, startedMs: number, method = 'GET'): Promise<Answer> {
  if (method === 'DELETE') return METRICS_RESET
  const headers = {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    'process-start-time-unix': String(Math.floor(startedMs / 1000)),
  }
  return { type: 'raw', status: 200, headers, body: await metrics.text() }
}
