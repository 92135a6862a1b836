import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardedServer } from '../guarded-server.suite.ts'
import { parseRequestInfo } from '../request/info.ts'
import type { Call } from '../request/call.ts'
import { Latencies } from '../request/latencies.ts'

function callOf(method: string, path: string, headers: Record<string, string> = {}): Call {
  const query = new URLSearchParams(path.split('?')[1] ?? '')
  const info = parseRequestInfo(method, path.split('?')[0] ?? '', query)
  const { signal } = new AbortController()
  const user = { name: 'a', groups: [] }
  return { method, info, query, headers, user, body: { kind: 'none' }, signal, warnings: [], annotations: new Map() }
}

test("requests are counted, timed and measured under upstream's names", async () => {
  const guarded = await GuardedServer.start()
  const { server } = guarded
  const now = server.env.clock.monotonic()
  server.observe(callOf('GET', '/api/v1/namespaces/default/pods'), 200, now - 300, { bytes: 5000 })
  const post = callOf('POST', '/api/v1/namespaces/default/pods?dryRun=All', { 'content-length': '60000' })
  const latencies = new Latencies()
  for (const [layer, ms] of [
    ['mutating-webhook', 4000],
    ['mutating-webhook', 1000],
    ['validating-webhook', 2000],
    ['validating-webhook', 3000],
    ['apf-queue-wait', 2000],
    ['etcd', 10],
  ] as const)
    latencies.add(layer, ms)
  server.observe({ ...post, latencies }, 201, now - 10_020, { bytes: 700 })
  const forGood = callOf('POST', '/api/v1/namespaces/default/pods', { 'content-length': '60000' })
  server.observe({ ...forGood, latencies }, 201, now - 10_020)
  server.observe(callOf('GET', '/apis/nobody.example/v1/things'), 404, now, { bytes: 10 })
  const sent = server.watchEvents(callOf('GET', '/api/v1/pods?watch=true'))
  sent(100)
  sent(3000)
  const text = await server.metrics.text()
  const labels = (verb: string, scope: string): string =>
    `component="apiserver",group="",resource="pods",scope="${scope}",subresource="",verb="${verb}",version="v1"`
  const has = (line: string): void => assert.ok(text.includes(`${line}\n`), line)
  has(
    `apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="LIST",version="v1"} 1`,
  )
  has(`apiserver_response_sizes_bucket{${labels('LIST', 'namespace')},le="1000"} 0`)
  has(`apiserver_response_sizes_bucket{${labels('LIST', 'namespace')},le="10000"} 1`)
  has(`apiserver_response_sizes_bucket{${labels('LIST', 'namespace')},le="1e+06"} 1`)
  has(`apiserver_request_sli_duration_seconds_bucket{${labels('POST', 'resource')},le="0.05"} 1`)
  has(
    `apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="All",group="",resource="pods",scope="resource",subresource="",verb="POST",version="v1",le="10"} 0`,
  )
  has(`apiserver_request_body_size_bytes_bucket{group="",resource="pods",verb="create",le="50000"} 0`)
  has(`apiserver_request_body_size_bytes_bucket{group="",resource="pods",verb="create",le="150000"} 2`)
  has(`apiserver_watch_events_total{group="",resource="pods",version="v1"} 2`)
  has(`apiserver_watch_events_sizes_bucket{group="",resource="pods",version="v1",le="1024"} 1`)
  assert.ok(!text.includes('nobody.example'), 'names that anyone can make up')
})

test('requests are told apart as upstream does: what is counted as whose, and what is not counted', async () => {
  const { server } = await GuardedServer.start()
  const now = server.env.clock.monotonic()
  const v1 = '/api/v1/namespaces/default/pods'
  const count = (method: string, path: string, more?: { bytes?: number; refused?: boolean }, headers = {}): void =>
    server.observe(callOf(method, path, headers), 200, now - 100, more)
  for (const path of ['/livez', '/livez/ping', '/openapi/v3', '/openapi/v3/apis/apps/v1', '/version', '/metrics'])
    count('GET', path)
  count('GET', '/apis')
  count('GET', '/apis', {}, { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })
  count('GET', v1, { refused: true })
  count('GET', `${v1}?watch=1`, { bytes: 5000 })
  count('GET', `${v1}/a/log`, { bytes: 10 })
  count('DELETE', `${v1}/a`)
  count('DELETE', v1)
  const ended = [server.longRunning(callOf('GET', `${v1}/a/log`)), server.longRunning(callOf('GET', '/debug/pprof/x'))]
  server.unanswered(callOf('GET', '/apis/gone.example/v1'), 503)
  ended[1]?.()
  const text = await server.metrics.text()
  const told = (name: string): string[] =>
    text.match(new RegExp(`^${name}\\{.*`, 'gm'))?.map((line) => line.slice(name.length)) ?? []
  const row = (component: string, subresource: string, verb: string, scope = ''): string =>
    `{code="200",component="${component}",dry_run="",group="",resource="${scope && 'pods'}",scope="${scope}",subresource="${subresource}",verb="${verb}",version="${scope && 'v1'}"} 1`
  assert.deepEqual(told('apiserver_request_total'), [
    row('', '/livez', 'GET'),
    row('', 'openapi/v3', 'GET'),
    row('', 'openapi/v3/', 'GET'),
    row('apiserver', 'apis', 'GET'),
    row('apiserver', '', 'WATCH', 'namespace'),
    row('apiserver', 'log', 'CONNECT', 'resource'),
    row('apiserver', '', 'DELETE', 'resource'),
    row('apiserver', '', 'DELETE', 'namespace'),
  ])
  const verbs = (name: string): string[] => told(name).map((line) => /verb="(.*?)"/.exec(line)?.[1] ?? '')
  assert.deepEqual(verbs('apiserver_response_sizes_count').sort(), ['CONNECT', 'GET', 'GET', 'GET', 'GET', 'WATCH'])
  assert.deepEqual(verbs('apiserver_request_sli_duration_seconds_count').sort().slice(0, 2), ['DELETE', 'DELETE'])
  assert.ok(
    !verbs('apiserver_request_sli_duration_seconds_count').some((verb) => verb === 'WATCH' || verb === 'CONNECT'),
  )
  assert.deepEqual(verbs('apiserver_request_body_size_bytes_count').sort(), ['delete', 'delete_collection'])
  assert.deepEqual(told('apiserver_longrunning_requests').sort(), [
    '{component="apiserver",group="",resource="",scope="",subresource="/debug/pprof/x",verb="GET",version=""} 0',
    '{component="apiserver",group="",resource="pods",scope="resource",subresource="log",verb="CONNECT",version="v1"} 1',
  ])
  assert.deepEqual(told('apiserver_request_terminations_total'), [
    '{code="503",component="aggregator",group="",resource="",scope="",subresource="/apis/gone.example/v1",verb="GET",version=""} 1',
  ])
})

test('it is told that something deprecated was asked for', async () => {
  const { server } = await GuardedServer.start()
  for (const resource of ['endpoints', 'pods'])
    server.observe(callOf('GET', `/api/v1/namespaces/default/${resource}`), 200, server.env.clock.monotonic())
  const told = (await server.metrics.text()).match(/^apiserver_requested_deprecated_apis.*/gm)
  assert.deepEqual(told, [
    'apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1',
  ])
})

test('what is stored is counted when somebody asks, once for all versions', async () => {
  const guarded = await GuardedServer.start()
  await guarded.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'one' } })
  const text = String(await guarded.get('/metrics'))
  assert.match(text, /^apiserver_resource_objects\{group="",resource="configmaps"\} [1-9]/m)
  assert.match(text, /^apiserver_storage_objects\{resource="flowschemas.flowcontrol.apiserver.k8s.io"\} [1-9]/m)
  assert.match(text, /^kubernetes_build_info\{.*git_version="v1.36/m)
  for (const [name, ...more] of Map.groupBy(text.match(/^[a-z_]+\{.*\}/gm) ?? [], (line) => line).values())
    assert.equal(more.length, 0, `${name} stands twice`)
})

test('how health checks went is told at /metrics/slis', async () => {
  const guarded = await GuardedServer.start()
  await guarded.send('GET', '/livez')
  await guarded.send('GET', '/livez')
  const text = String(await guarded.get('/metrics/slis'))
  assert.match(text, /^kubernetes_healthchecks_total\{name="ping",status="success",type="livez"\} 2$/m)
  assert.match(text, /^kubernetes_healthcheck\{name="ping",type="livez"\} 1$/m)
})
