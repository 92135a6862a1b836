import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import { builtInResources } from '../../api/index.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { nextTurn } from '../../lib/turn.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { UserInfo } from '../authn/types.ts'
import { handle, type LocalResponse } from '../inprocess/handle.ts'
import { Mirrors } from '../mirror/mirrors.ts'
import { type ApiServer, createApiServer } from '../server.ts'
import { DEFAULT_FLOW_CONTROL, type FlowControlConfig } from './config.ts'
import { flowControl, maintenance } from './index.ts'
import type { FlowMaintenance } from './maintenance.ts'

const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const ALICE: UserInfo = { name: 'alice', groups: ['system:authenticated'] }
const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1'
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

/** A server under flow control, whose writers wait until they are let go on. */
class Guarded {
  readonly clock = new VirtualClock()
  readonly #store = new MemoryStore({ clock: this.clock })
  readonly server: ApiServer
  readonly maintenance: FlowMaintenance
  readonly #mirrors: Mirrors
  #hold: Promise<void> | undefined
  release: () => void = () => {}

  constructor(config: Partial<FlowControlConfig> = {}) {
    const { clock } = this
    const store = this.#store
    const env = { clock, random: seededRandom(1), log: silentLogger }
    const mirrors = (this.#mirrors = new Mirrors(store, env))
    const flow = flowControl({ ...DEFAULT_FLOW_CONTROL, ...config }, { mirrors, store, env })
    this.server = createApiServer({
      store,
      env,
      resources: builtInResources,
      authenticator: { authenticate: () => undefined },
      // Every request but the server's own is held here: past flow control.
      authorizer: {
        authorize: async ({ user }) => {
          if (user.name !== SELF.name) await this.#hold
          return { decision: 'Allow' }
        },
      },
      admission: [],
      flowControl: flow,
    })
    this.maintenance = maintenance(flow, { mirrors, env, send: (request) => handle(this.server, request, SELF) })
  }

  static async start(config?: Partial<FlowControlConfig>): Promise<Guarded> {
    const guarded = new Guarded(config)
    await guarded.#mirrors.start()
    await guarded.maintenance.start()
    return guarded
  }

  hold(): void {
    this.#hold = new Promise((resolve) => (this.release = resolve))
  }

  send(method: string, path: string, body?: unknown, user = ALICE, signal?: AbortSignal): Promise<LocalResponse> {
    const more = { ...(body !== undefined && { body }), ...(signal && { signal }) }
    return handle(this.server, { method, path, ...more }, user)
  }

  async metric(line: RegExp): Promise<string | undefined> {
    return line.exec(await this.server.metrics.text())?.[1]
  }

  async eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
    for (let i = 0; i < 1000; i++) {
      if (await holds()) return
      await nextTurn()
    }
    assert.fail('it never came to be')
  }

  stop(): void {
    this.maintenance.stop()
    this.#mirrors.stop()
    this.server.close()
  }
}

function level(name: string, queues: number, queueLengthLimit: number, shares = 1): PriorityLevelConfiguration {
  const limitResponse =
    queues > 0 ? { type: 'Queue', queuing: { queues, handSize: 1, queueLengthLimit } } : { type: 'Reject' }
  return {
    metadata: { name },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: shares, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse },
    },
  }
}

function schemaFor(user: string, priorityLevel: string): FlowSchema {
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }]
  return {
    metadata: { name: `of-${user}` },
    spec: {
      priorityLevelConfiguration: { name: priorityLevel },
      matchingPrecedence: 500,
      distinguisherMethod: { type: 'ByUser' },
      rules: [{ subjects: [{ kind: 'User', user: { name: user } }], resourceRules }],
    },
  }
}

/** One seat for alice, and one that may wait. */
async function narrow(queueLength = 1): Promise<Guarded> {
  const guarded = await Guarded.start()
  await guarded.send('POST', `${GROUP}/prioritylevelconfigurations`, level('narrow', 1, queueLength, 0.1), SELF)
  const created = level('narrow', 1, queueLength, 1)
  await guarded.send('POST', `${GROUP}/prioritylevelconfigurations`, created, SELF)
  await guarded.send('POST', `${GROUP}/flowschemas`, schemaFor('alice', 'narrow'), SELF)
  return guarded
}

const seatsOf = /current_limit_seats\{priority_level="narrow"\} (\d+)/
const waiting = /current_inqueue_requests\{flow_schema="of-alice",priority_level="narrow"\} (\d+)/

test('who finds no seat waits; who finds no place is told when to come again', async () => {
  const guarded = await narrow()
  const seats = Number(await guarded.metric(seatsOf))
  assert.ok(seats > 0 && seats < 20, `${seats} seats`)
  guarded.hold()
  const asked = Array.from({ length: seats + 2 }, () => guarded.send('GET', CONFIG_MAPS))
  const refused = await Promise.race(asked)
  assert.equal(refused.status, 429)
  assert.equal(refused.body, 'Too many requests, please try again later.\n')
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal(refused.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(await guarded.metric(waiting), '1')
  guarded.release()
  const answers = await Promise.all(asked)
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [...Array.from({ length: seats + 1 }, () => 200), 429],
  )
  assert.equal(
    await guarded.metric(
      /rejected_requests_total\{flow_schema="of-alice",priority_level="narrow",reason="queue-full"\} (\d+)/,
    ),
    '1',
  )
  assert.equal(
    await guarded.metric(
      /request_terminations_total\{code="429",component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"\} (\d+)/,
    ),
    '1',
  )
  assert.equal(
    await guarded.metric(/current_executing_requests\{flow_schema="of-alice",priority_level="narrow"\} (\d+)/),
    '0',
  )
  guarded.stop()
})

test('nobody waits longer than a quarter of the time that a request has', async () => {
  const guarded = await narrow()
  const seats = Number(await guarded.metric(seatsOf))
  guarded.hold()
  const working = Array.from({ length: seats }, () => guarded.send('GET', CONFIG_MAPS))
  await guarded.eventually(
    async () =>
      Number(
        await guarded.metric(/current_executing_seats\{flow_schema="of-alice",priority_level="narrow"\} (\d+)/),
      ) === seats,
  )
  let status = 0
  const late = guarded.send('GET', CONFIG_MAPS).then((answer) => (status = answer.status))
  await guarded.eventually(async () => (await guarded.metric(waiting)) === '1')
  await guarded.clock.advance(14_900)
  assert.equal(status, 0)
  await guarded.clock.advance(200)
  assert.equal(await late, 429)
  assert.equal(await guarded.metric(/reason="time-out"\} (\d+)/), '1')
  guarded.release()
  await Promise.all(working)
  guarded.stop()
})

test('a client that goes while it waits leaves its place to the next', async () => {
  const guarded = await narrow()
  const seats = Number(await guarded.metric(seatsOf))
  guarded.hold()
  const working = Array.from({ length: seats }, () => guarded.send('GET', CONFIG_MAPS))
  const gone = new AbortController()
  const left = guarded.send('GET', CONFIG_MAPS, undefined, ALICE, gone.signal)
  await guarded.eventually(async () => (await guarded.metric(waiting)) === '1')
  // Of who has waited for a moment only.
  await guarded.clock.advance(50)
  gone.abort()
  assert.equal((await left).status, 429)
  const next = guarded.send('GET', CONFIG_MAPS)
  await guarded.eventually(async () => (await guarded.metric(waiting)) === '1')
  guarded.release()
  assert.equal((await next).status, 200)
  await Promise.all(working)
  guarded.stop()
})

test('masters are exempt, and others are not held up by the narrow level', async () => {
  const guarded = await narrow()
  const seats = Number(await guarded.metric(seatsOf))
  guarded.hold()
  const working = Array.from({ length: seats + 1 }, () => guarded.send('GET', CONFIG_MAPS))
  await guarded.eventually(async () => (await guarded.metric(waiting)) === '1')
  const answers = await Promise.all(Array.from({ length: 50 }, () => guarded.send('GET', CONFIG_MAPS, undefined, SELF)))
  assert.ok(answers.every(({ status }) => status === 200))
  guarded.release()
  await Promise.all(working)
  guarded.stop()
})

test('a watch gives its seat back when it has begun, and counts as a watch until it ends', async () => {
  const guarded = await narrow()
  const executing = /current_executing_requests\{flow_schema="of-alice",priority_level="narrow"\} (\d+)/
  await guarded.send('POST', CONFIG_MAPS, { metadata: { name: 'a' } }, SELF)
  const end = new AbortController()
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const { events } = await guarded.send('GET', `${CONFIG_MAPS}?${query}`, undefined, ALICE, end.signal)
  assert.equal(await guarded.metric(executing), '1')
  const iterator = events?.[Symbol.asyncIterator]()
  assert.equal((await iterator?.next())?.value?.type, 'ADDED')
  assert.equal((await iterator?.next())?.value?.type, 'BOOKMARK')
  const pending = iterator?.next()
  await guarded.eventually(async () => (await guarded.metric(executing)) === '0')
  end.abort()
  await pending
  guarded.stop()
})

test('a watch that nobody reads or ends keeps its seat for a minute', async () => {
  const guarded = await narrow()
  const executing = /current_executing_requests\{flow_schema="of-alice",priority_level="narrow"\} (\d+)/
  await guarded.send('GET', `${CONFIG_MAPS}?watch=true`)
  await guarded.clock.advance(59_000)
  assert.equal(await guarded.metric(executing), '1')
  await guarded.clock.advance(1000)
  assert.equal(await guarded.metric(executing), '0')
  guarded.stop()
})

test('a flow schema says whether its priority level is there, and takes effect when it comes', async () => {
  const guarded = await Guarded.start()
  await guarded.send('POST', `${GROUP}/flowschemas`, schemaFor('alice', 'later'), SELF)
  interface Seen {
    readonly metadata: {
      readonly managedFields?: readonly { readonly manager: string; readonly subresource?: string }[]
    }
    readonly status?: { readonly conditions?: readonly { readonly status: string; readonly message: string }[] }
  }
  const get = async (): Promise<Seen> =>
    (await guarded.send('GET', `${GROUP}/flowschemas/of-alice`, undefined, SELF)).body as Seen
  const dangling = async (wanted: string): Promise<boolean> => (await get()).status?.conditions?.[0]?.status === wanted
  await guarded.eventually(() => dangling('True'))
  const { metadata, status } = await get()
  const about = 'This FlowSchema references the PriorityLevelConfiguration object named "later"'
  assert.equal(status?.conditions?.[0]?.message, `${about} but there is no such object`)
  assert.equal(
    metadata.managedFields?.find(({ subresource }) => subresource)?.manager,
    'api-priority-and-fairness-config-consumer-v1',
  )
  await guarded.send('POST', `${GROUP}/prioritylevelconfigurations`, level('later', 0, 0), SELF)
  await guarded.eventually(() => dangling('False'))
  await guarded.send('GET', CONFIG_MAPS)
  assert.equal(
    await guarded.metric(/dispatched_requests_total\{flow_schema="of-alice",priority_level="later"\} (\d+)/),
    '1',
  )
  guarded.stop()
})

test('what every cluster has comes back within a minute, and is mended unless its owner says otherwise', async () => {
  const guarded = await Guarded.start()
  interface Schema {
    readonly metadata: { readonly annotations: Record<string, string>; readonly name: string }
    readonly spec: { readonly matchingPrecedence: number }
  }
  const path = (name: string): string => `${GROUP}/flowschemas/${name}`
  const get = async (name: string): Promise<Schema> =>
    (await guarded.send('GET', path(name), undefined, SELF)).body as Schema
  await guarded.send('DELETE', path('global-default'), undefined, SELF)
  const [probes, nodes] = [await get('probes'), await get('system-nodes')]
  await guarded.send('PUT', path('probes'), { ...probes, spec: { ...probes.spec, matchingPrecedence: 77 } }, SELF)
  const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'false' }
  const own = {
    ...nodes,
    metadata: { ...nodes.metadata, annotations },
    spec: { ...nodes.spec, matchingPrecedence: 78 },
  }
  await guarded.send('PUT', path('system-nodes'), own, SELF)
  await guarded.clock.advance(60_000)
  await guarded.eventually(
    async () => (await guarded.send('GET', path('global-default'), undefined, SELF)).status === 200,
  )
  await guarded.eventually(async () => (await get('probes')).spec.matchingPrecedence === 2)
  assert.equal((await get('system-nodes')).spec.matchingPrecedence, 78)
  guarded.stop()
})

test('seats that are wanted are borrowed within ten seconds, and go back', async () => {
  const guarded = await Guarded.start()
  const limit = async (name: string): Promise<number> =>
    Number(await guarded.metric(new RegExp(`current_limit_seats\\{priority_level="${name}"\\} (\\d+)`)))
  const before = await limit('global-default')
  guarded.hold()
  const asked = Array.from({ length: 100 }, () => guarded.send('GET', CONFIG_MAPS))
  await guarded.eventually(
    async () =>
      (await guarded.metric(
        /current_inqueue_requests\{flow_schema="global-default",priority_level="global-default"\} (\d+)/,
      )) !== '0',
  )
  await guarded.clock.advance(10_000)
  const borrowed = await limit('global-default')
  assert.ok(borrowed > before, `${before} became ${borrowed}`)
  guarded.release()
  await Promise.all(asked)
  await guarded.clock.advance(20_000)
  const high = Number(await guarded.metric(/demand_seats_high_watermark\{priority_level="global-default"\} (\d+)/))
  assert.equal(high, 0)
  guarded.stop()
})

test('plain limits: readers and writers apart, masters always, and no queues', async () => {
  const guarded = await Guarded.start({ priorityAndFairness: false, maxRequests: 2, maxMutatingRequests: 1 })
  guarded.hold()
  const reads = [guarded.send('GET', CONFIG_MAPS), guarded.send('GET', CONFIG_MAPS)]
  const refused = await guarded.send('GET', CONFIG_MAPS)
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1'])
  const write = guarded.send('POST', CONFIG_MAPS, { metadata: { name: 'a' } })
  assert.equal((await guarded.send('POST', CONFIG_MAPS, { metadata: { name: 'b' } })).status, 429)
  assert.equal((await guarded.send('GET', CONFIG_MAPS, undefined, SELF)).status, 200)
  guarded.release()
  assert.deepEqual(
    (await Promise.all([...reads, write])).map(({ status }) => status),
    [200, 200, 201],
  )
  assert.equal((await guarded.send('GET', CONFIG_MAPS)).status, 200)
  guarded.stop()
})

test('tables tell of levels, queues and requests', async () => {
  const guarded = await narrow()
  guarded.hold()
  const one = guarded.send('GET', CONFIG_MAPS)
  const dump = async (name: string): Promise<string[]> => {
    const { body } = await guarded.send('GET', `/debug/api_priority_and_fairness/${name}`, undefined, SELF)
    return String(body).split('\n')
  }
  const levels = await dump('dump_priority_levels')
  assert.equal(
    levels[0],
    'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
  )
  assert.match(
    levels.find((line) => line.startsWith('narrow')) ?? '',
    /^narrow, +0, +false, +false, +0, +1, +1, +0, +0, +0$/,
  )
  assert.match(
    (await dump('dump_queues')).find((line) => line.startsWith('narrow')) ?? '',
    /^narrow, +0, +0, +1, +1, +0\.\d{8}ss, +0, +0, +0\.00000000ss$/,
  )
  const request = (await dump('dump_requests?includeRequestDetails=1')).find((line) => line.startsWith('narrow'))
  assert.match(
    request ?? '',
    /^narrow, +of-alice, +0, +-1, +alice, +2026-01-01T00:00:00.000Z, 1, +0, +0s, +2026-01-01T00:00:00.000Z, alice, +list, +\/api\/v1\/namespaces\/default\/configmaps, +default, +, +v1, +configmaps, +$/,
  )
  guarded.release()
  await one
  guarded.stop()
})
