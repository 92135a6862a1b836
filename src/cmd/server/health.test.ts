import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { DEFAULT_FLOW_CONTROL } from '../../apiserver/flow-control/config.ts'
import { handle, type LocalResponse } from '../../apiserver/inprocess/handle.ts'
import { SELF } from '../../apiserver/bootstrap/bootstrap.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { type GuardedApi, type GuardedApiOptions, startGuardedApi } from './guarded-api.ts'

/** What kube-apiserver v1.36.0 tells of its start, but for what is not of this server: its own leases, its loopback, counts. */
const STEPS = `
  start-apiserver-admission-initializer generic-apiserver-start-informers priority-and-fairness-config-consumer
  priority-and-fairness-filter start-apiextensions-informers start-apiextensions-controllers crd-informer-synced
  start-system-namespaces-controller start-cluster-authentication-info-controller storage-readiness
  start-legacy-token-tracking-controller start-service-ip-repair-controllers rbac/bootstrap-roles
  scheduling/bootstrap-system-priority-classes priority-and-fairness-config-producer bootstrap-controller
  start-kubernetes-service-cidr-controller start-kube-aggregator-informers
  apiservice-status-local-available-controller apiservice-status-remote-available-controller
  apiservice-registration-controller apiservice-discovery-controller kube-apiserver-autoregistration
  autoregister-completion apiservice-openapi-controller apiservice-openapiv3-controller`
  .trim()
  .split(/\s+/)
  .map((name) => (name === 'autoregister-completion' ? name : `poststarthook/${name}`))

async function started(t: TestContext, options: Partial<GuardedApiOptions> = {}): Promise<GuardedApi> {
  const clock = new VirtualClock()
  const api = await startGuardedApi({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: silentLogger },
    rootCa: '',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    ...options,
  })
  t.after(() => api.stop())
  return api
}

const get = ({ server }: GuardedApi, path: string): Promise<LocalResponse> =>
  handle(server, { method: 'GET', path }, SELF)

const lines = async (api: GuardedApi, path: string): Promise<string[]> =>
  String((await get(api, path)).body)
    .trim()
    .split('\n')

test('health names the steps of the start as upstream does, in its order, at all three endpoints', async (t) => {
  const api = await started(t)
  await api.bootstrap()
  const ok = (names: readonly string[]): string[] => names.map((name) => `[+]${name} ok`)
  const alive = ok(['ping', 'log', 'etcd', ...STEPS])
  assert.deepEqual(await lines(api, '/healthz?verbose'), [...alive, 'healthz check passed'])
  assert.deepEqual(await lines(api, '/livez?verbose'), [...alive, 'livez check passed'])
  const ready = ok(['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', ...STEPS, 'shutdown'])
  assert.deepEqual(await lines(api, '/readyz?verbose'), [...ready, 'readyz check passed'])
  assert.equal((await get(api, '/livez/poststarthook/scheduling/bootstrap-system-priority-classes')).body, 'ok')
})

test('until the first objects are made, what makes them is not healthy, and the rest is', async (t) => {
  const api = await started(t)
  for (const path of ['/healthz', '/livez', '/readyz']) {
    assert.equal((await get(api, path)).status, 500, path)
    const failed = (await lines(api, path)).filter((line) => line.startsWith('[-]'))
    assert.ok(failed.includes('[-]poststarthook/rbac/bootstrap-roles failed: reason withheld'), path)
    assert.ok(failed.includes('[-]autoregister-completion failed: reason withheld'), path)
    assert.ok(!failed.some((line) => /crd-informer-synced|storage-readiness|kube-aggregator/.test(line)), path)
  }
  const one = await get(api, '/readyz/poststarthook/bootstrap-controller')
  assert.deepEqual([one.status, one.body], [500, 'internal server error: not finished\n'])
})

test('without priority and fairness the two limits are told of instead; its objects are made all the same', async (t) => {
  const api = await started(t, { flow: { ...DEFAULT_FLOW_CONTROL, priorityAndFairness: false } })
  await api.bootstrap()
  const told = (await lines(api, '/livez?verbose')).filter((line) => /fairness|in-flight/.test(line))
  assert.deepEqual(told, [
    '[+]poststarthook/max-in-flight-filter ok',
    '[+]poststarthook/priority-and-fairness-config-producer ok',
  ])
})
