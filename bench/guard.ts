/**
 * What the guard of the API server costs a pod's creation: authentication by a service account's token, authorization among 1,000 roles and
 * 10,000 bindings, admission with 20 ValidatingAdmissionPolicies that all look at the pod. In µs of processor time, by stages and in sum, and
 * as the difference, round by round, between creating with and without the guard. Flow control is not of these three, and told apart: a
 * request of the same process that never lets the event loop turn waits for a turn of its own. Code gets fast while it runs, so the first
 * rounds are not told.
 *
 *   scripts/run-script.sh bench/guard.ts [--rounds N] [--warm N] [--policies N] [--others N] [--plugins]
 *
 * --policies are for pods, --others for Services; --plugins tells what each admission plugin costs. Run with --cpu-prof to see where it goes.
 */
import { parseArgs } from 'node:util'
import { builtInResources } from '../src/api/index.ts'
import type { AdmissionPlugin } from '../src/apiserver/admission/types.ts'
import type { UserInfo } from '../src/apiserver/authn/types.ts'
import { authorizationAttributes } from '../src/apiserver/authz/attributes.ts'
import { alwaysAllow } from '../src/apiserver/authz/types.ts'
import { bootstrap } from '../src/apiserver/bootstrap/bootstrap.ts'
import { createGuard } from '../src/apiserver/guard.ts'
import { handle } from '../src/apiserver/inprocess/handle.ts'
import { admissionAttributes } from '../src/apiserver/registry/admit.ts'
import type { Call } from '../src/apiserver/request/call.ts'
import { parseRequestInfo } from '../src/apiserver/request/info.ts'
import { type ApiServer, createApiServer } from '../src/apiserver/server.ts'
import type { KubeObject } from '../src/apimachinery/meta.ts'
import { systemClock } from '../src/lib/clock.ts'
import { silentLogger } from '../src/lib/log.ts'
import { systemRandom } from '../src/lib/random.ts'
import { MemoryStore } from '../src/store/memory/store.ts'
import { GUARDED_ACCOUNT, GUARDED_NAMESPACE, type Made, policies, rolesAndBindings } from './guarded.ts'
import { benchPod } from './objects.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    warm: { type: 'string', default: '20' },
    policies: { type: 'string', default: '20' },
    others: { type: 'string', default: '0' },
    plugins: { type: 'boolean', default: false },
  },
})

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] }
const PODS = `/api/v1/namespaces/${GUARDED_NAMESPACE}/pods`
const BATCH = 500
let made = 0

const env = { clock: systemClock, random: systemRandom, log: silentLogger }
const store = new MemoryStore({ clock: systemClock })
const guard = createGuard({ store, env })
const server = createApiServer({ store, env, resources: builtInResources, ...guard })
await guard.start()
await bootstrap(server, { serviceCidrs: ['10.96.0.0/16'], advertise: { address: '192.0.2.1', port: 6443 } })
const { flowControl: _flow, ...withoutFlow } = guard
const guarded = createApiServer({ store, env, resources: builtInResources, ...withoutFlow })
const bare = createApiServer({
  store,
  env,
  resources: builtInResources,
  ...withoutFlow,
  authorizer: alwaysAllow,
  admission: guard.admission.filter(({ name }) => name === 'ServiceAccount'),
})
await fill()
const token = await tokenOf()
const authenticated = await guard.authenticator.authenticate(credentials())
if (!authenticated) throw new Error('the token is not known')
const { user } = authenticated

const call: Call = {
  method: 'POST',
  info: parseRequestInfo('POST', PODS, new URLSearchParams()),
  query: new URLSearchParams(),
  headers: {},
  user,
  body: { kind: 'none' },
  signal: new AbortController().signal,
  warnings: [],
  annotations: new Map(),
}
const pods = server.resources.find('', 'v1', 'pods')
if (!pods) throw new Error('pods are not served')

interface Stage {
  readonly name: string
  readonly run: (pod: KubeObject) => unknown
}

const stages: readonly Stage[] = [
  { name: 'authentication', run: () => guard.authenticator.authenticate(credentials()) },
  { name: 'authorization', run: () => guard.authorizer.authorize(authorizationAttributes(call)) },
  { name: 'admission, mutating', run: (pod) => server.registry.admission.mutate(attributesOf(pod)) },
  { name: 'admission, validating', run: (pod) => server.registry.admission.validate(attributesOf(pod)) },
]

// Admission looks at pods with their defaults and managers.
const { body: stored } = await handle(server, { method: 'POST', path: PODS, body: benchPod('bench-stored') }, user)
const defaulted = (name: string): KubeObject => {
  const pod = structuredClone(stored) as KubeObject
  pod.metadata.name = name
  return pod
}
const posted = (name: string): KubeObject => benchPod(name) as KubeObject

const sums = new Map<string, number[]>()
const warm = Number(flags.warm)
for (let round = 0; round < warm + Number(flags.rounds); round++) {
  if (round === warm) sums.clear()
  for (const { name, run } of stages) note(name, await perCall(run, defaulted))
  note('create, bare', await perCall((pod) => create(bare, pod, ADMIN), posted))
  note('create, guarded', await perCall((pod) => create(guarded, pod, user), posted))
  note('create, guarded, in flow', await perCall((pod) => create(server, pod, user), posted))
}
for (const [name, all] of sums) console.log(`${name.padEnd(24)} ${median(all).toFixed(1).padStart(7)} us`)
const sum = stages.reduce((total, { name }) => total + median(sums.get(name) ?? []), 0)
console.log(`${'the guard, called'.padEnd(24)} ${sum.toFixed(1).padStart(7)} us`)
const own = sums.get('create, guarded') ?? []
const without = sums.get('create, bare') ?? []
const authentication = median(sums.get('authentication') ?? [])
const difference = authentication + median(own.map((micros, round) => micros - (without[round] ?? NaN)))
console.log(`${'the guard, difference'.padEnd(24)} ${difference.toFixed(1).padStart(7)} us`)
if (flags.plugins) await byPlugin(guard.admission)
guard.stop()
for (const one of [server, guarded, bare]) one.close()

function attributesOf(pod: KubeObject): ReturnType<typeof admissionAttributes> {
  if (!pods) throw new Error('pods are not served')
  const options = { dryRun: false, raw: {} }
  return admissionAttributes(pods, call, 'CREATE', { object: pod, options })
}

function credentials(): { path: string; headers: Record<string, string> } {
  return { path: PODS, headers: { authorization: `Bearer ${token}` } }
}

async function create(to: ApiServer, pod: KubeObject, as: UserInfo): Promise<void> {
  const answer = await handle(to, { method: 'POST', path: PODS, body: pod }, as)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
}

/** µs of processor time for each of a batch. */
async function perCall(run: (pod: KubeObject) => unknown, draftOf: (name: string) => KubeObject): Promise<number> {
  const drafts = Array.from({ length: BATCH }, () => draftOf(`bench-${made++}`))
  const before = process.cpuUsage()
  for (const draft of drafts) {
    const running = run(draft)
    if (running instanceof Promise) await running
  }
  const { user: own, system } = process.cpuUsage(before)
  return (own + system) / BATCH
}

function note(name: string, micros: number): void {
  const all = sums.get(name)
  if (all) all.push(micros)
  else sums.set(name, [micros])
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? NaN
}

async function fill(): Promise<void> {
  const all: Made[] = [
    ...Array.from({ length: 100 }, (_, i) => ({
      path: '/api/v1/namespaces',
      body: { metadata: { name: `bench-${i}` } },
    })),
    { path: '/api/v1/namespaces/default/serviceaccounts', body: { metadata: { name: 'default' } } },
    ...rolesAndBindings(1000, 10_000),
    ...policies(Number(flags.policies), 'pods'),
    ...policies(Number(flags.others), 'services'),
  ]
  for (const { path, body } of all) {
    const answer = await handle(server, { method: 'POST', path, body }, ADMIN)
    if (answer.status !== 201 && answer.status !== 409) throw new Error(JSON.stringify(answer.body))
  }
}

async function tokenOf(): Promise<string> {
  const path = `/api/v1/namespaces/${GUARDED_NAMESPACE}/serviceaccounts/${GUARDED_ACCOUNT}/token`
  const answer = await handle(server, { method: 'POST', path, body: { spec: {} } }, ADMIN)
  return (answer.body as { status: { token: string } }).status.token
}

/** What each plugin costs by itself. */
async function byPlugin(plugins: readonly AdmissionPlugin[]): Promise<void> {
  for (const plugin of plugins) {
    const mutating = await perCall((pod) => plugin.mutate?.(attributesOf(pod)), defaulted)
    const validating = await perCall((pod) => plugin.validate?.(attributesOf(pod)), defaulted)
    console.log(
      `  ${plugin.name.padEnd(40)} ${mutating.toFixed(1).padStart(6)} ${validating.toFixed(1).padStart(6)} us`,
    )
  }
}
