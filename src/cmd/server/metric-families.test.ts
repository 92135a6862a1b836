import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInResources } from '../../api/index.ts'
import { Aggregation } from '../../apiserver/aggregation/aggregation.ts'
import { AuditMetrics } from '../../apiserver/audit/metrics.ts'
import { JwtMetrics } from '../../apiserver/authn/jwt/metrics.ts'
import { TokenCacheMetrics } from '../../apiserver/authn/metrics.ts'
import { bootstrap } from '../../apiserver/bootstrap/bootstrap.ts'
import { ReloadMetrics } from '../../apiserver/config/reload-metrics.ts'
import { CustomResources } from '../../apiserver/customresources/custom-resources.ts'
import { createGuard } from '../../apiserver/guard.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import { type MetricFamily, Metrics } from '../../apiserver/metrics/metrics.ts'
import { parseRequestInfo } from '../../apiserver/request/info.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { encryptionMeters } from './encryption/metrics.ts'
import { externalSignerMeter } from './external-signer/open.ts'
import { collectProcess } from './process-metrics.ts'
import { queueMetrics } from './queue-metrics.ts'
import known from './testdata/metric-families.json' with { type: 'json' }
import unserved from './testdata/metrics-not-served.json' with { type: 'json' }

type Facts = Readonly<Record<string, Partial<MetricFamily>>>

/** Told by a listening server, or once it has come to that. */
const LATER = [
  'apiserver_tls_handshake_errors_total',
  'apiserver_flowcontrol_rejected_requests_total',
  'apiserver_flowcontrol_request_queue_length_after_enqueue',
  'apiserver_flowcontrol_request_wait_duration_seconds',
]

const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
const ADMIN = { name: 'admin', groups: ['system:masters'] }

/** Every family that a server may print: those that are registered, and the headings of what is collected. */
async function served(): Promise<Map<string, Partial<MetricFamily>>> {
  const metrics = new Metrics()
  const store = new MemoryStore({ clock: systemClock })
  const guard = createGuard({ store, env, metrics })
  const server = createApiServer({ store, env, metrics, resources: builtInResources, ...guard })
  await guard.start()
  await bootstrap(server, { serviceCidrs: ['10.96.0.0/16'], advertise: { address: '192.0.2.1', port: 6443 } })
  await handle(server, { method: 'GET', path: '/api/v1/pods' }, ADMIN)
  const info = parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams())
  const { signal } = new AbortController()
  const rest = { query: new URLSearchParams(), headers: {}, warnings: [], annotations: new Map<string, string>() }
  server.observe({ method: 'GET', info, user: ADMIN, body: { kind: 'none' }, signal, ...rest }, 200, 0)
  new AuditMetrics(metrics, env)
  new JwtMetrics(metrics, env.clock, '')
  new TokenCacheMetrics(metrics)
  encryptionMeters(metrics, env.clock, '').kms('a')
  externalSignerMeter(metrics, env)
  collectProcess(metrics)
  queueMetrics(metrics)
  new Aggregation(server)
  new CustomResources(server)
  const file = { sha256: () => '', serverId: '', bytes: new Uint8Array() }
  for (const subject of ['authorization', 'authentication'] as const)
    new ReloadMetrics(metrics, file, env.clock, subject)
  const text = await metrics.text()
  const families = new Map<string, Partial<MetricFamily>>(metrics.families())
  for (const [, name = '', stability = '', type = ''] of text.matchAll(
    /^# HELP (\S+) (?:\[(\w+)\] )?.*\n# TYPE \S+ (\w+)/gm,
  ))
    if (!families.has(name)) families.set(name, { type, stability: stability as MetricFamily['stability'] })
  for (const name of LATER) families.set(name, (known as Facts)[name] ?? {})
  guard.stop()
  server.close()
  return families
}

/** As the facts have it: what is empty is left out. */
function shown({ type, stability, labels, buckets }: Partial<MetricFamily>): Record<string, unknown> {
  return {
    type,
    stability,
    ...(labels && labels.length > 0 && { labels }),
    ...(buckets && buckets.length > 0 && { buckets: buckets.map((bound) => Number(bound.toPrecision(10))) }),
  }
}

test('each metric that is served is one of kube-apiserver v1.36, with its type, stability, labels and buckets', async () => {
  const facts: Facts = known as Facts
  for (const [name, family] of await served()) {
    const fact = facts[name]
    assert.ok(fact, `${name} is not one of kube-apiserver's`)
    const known = family.labels ? fact : { type: fact.type, stability: fact.stability }
    assert.deepEqual(shown(family), shown(known as Partial<MetricFamily>), name)
  }
})

test('each metric of kube-apiserver v1.36 is served, or it is told why not', async () => {
  const families = await served()
  const reasons = Object.values(unserved as Readonly<Record<string, readonly string[]>>).flat()
  for (const name of Object.keys(known)) {
    assert.notEqual(families.has(name), reasons.includes(name), `${name} is either served or told of as not served`)
  }
  for (const name of reasons) assert.ok(Object.hasOwn(known, name), `${name} is none of kube-apiserver's`)
})
