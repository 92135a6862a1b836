import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { seededRandom } from '../../../lib/random.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import { AuditEvent, type RequestFacts, RequestTexts } from '../event.ts'
import { BufferedBackend } from './buffered.ts'
import { logBackend } from './log.ts'
import { type AuditBackend, gathering, ignoringErrors, unionOf } from './sink.ts'
import { truncating } from './truncate.ts'
import { webhookBackend } from './webhook.ts'

function event(id: string, requestObject?: string): AuditEvent {
  const request: RequestFacts = {
    level: 'RequestResponse',
    auditID: id,
    requestURI: '/api?a=<b>',
    verb: 'get',
    user: { name: 'jane "the"', groups: ['g'] },
    sourceIPs: ['192.0.2.1'],
    userAgent: 'agent',
    receivedMs: 1000.25,
  }
  const at = { stage: 'ResponseComplete', stageMs: 1000.5, requestObject, responseStatus: { code: 200 } } as const
  return new AuditEvent(request, at, new RequestTexts(request))
}

/** Keeps what it is given, as long as it is told to take it. */
class Kept implements AuditBackend {
  batches: string[][] = []
  ended = false
  takes = true

  process(events: readonly AuditEvent[]): boolean {
    if (this.takes) this.batches.push(events.map(({ request }) => request.auditID))
    return this.takes
  }

  async shutdown(): Promise<void> {
    this.ended = true
  }
}

const BATCHES = { bufferSize: 4, maxBatchSize: 2, maxBatchWaitMs: 1000, async: false }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('an event is written as upstream writes it', () => {
  assert.deepEqual(JSON.parse(new TextDecoder().decode(event('a', '{"k":1}').json())), {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: 'a',
    stage: 'ResponseComplete',
    requestURI: '/api?a=<b>',
    verb: 'get',
    user: { username: 'jane "the"', groups: ['g'] },
    sourceIPs: ['192.0.2.1'],
    userAgent: 'agent',
    responseStatus: { metadata: {}, code: 200 },
    requestObject: { k: 1 },
    requestReceivedTimestamp: '1970-01-01T00:00:01.000250Z',
    stageTimestamp: '1970-01-01T00:00:01.000500Z',
  })
  assert.equal(
    event('a').line(),
    '1970-01-01T00:00:01.00025Z AUDIT: id="a" stage="ResponseComplete" ip="192.0.2.1" method="get" user="jane \\"the\\"" groups="\\"g\\"" as="<self>" asgroups="<lookup>" user-agent="agent" namespace="<none>" uri="/api?a=<b>" response="200"',
  )
})

test('a batch goes when it is full, or when its first event has waited long enough', async () => {
  const clock = new VirtualClock()
  const kept = new Kept()
  const backend = new BufferedBackend(kept, BATCHES, { clock }, assert.fail)
  backend.process([event('a'), event('b'), event('c')])
  await turn()
  assert.deepEqual(kept.batches, [['a', 'b']])
  await clock.advance(1000)
  await turn()
  assert.deepEqual(kept.batches, [['a', 'b'], ['c']])
})

test('what does not fit into the buffer is lost, and nobody waits; a shutdown sends the rest', async () => {
  const kept = new Kept()
  const lost: string[] = []
  const backend = new BufferedBackend(
    kept,
    { ...BATCHES, maxBatchSize: 10 },
    { clock: new VirtualClock() },
    (plugin, error, events) =>
      lost.push(`${plugin}: ${(error as Error).message}: ${events.map(({ request }) => request.auditID).join()}`),
  )
  assert.equal(backend.process(['a', 'b', 'c', 'd', 'e'].map((id) => event(id))), true)
  await backend.shutdown()
  backend.process([event('f')])
  assert.deepEqual(kept.batches, [['a', 'b', 'c', 'd']])
  assert.deepEqual(lost, ['buffered: audit buffer queue blocked: e', 'buffered: audit backend shut down: f'])
  assert.equal(kept.ended, true)
})

test('batches are throttled', async () => {
  const clock = new VirtualClock()
  const kept = new Kept()
  const options = { ...BATCHES, maxBatchSize: 1, throttle: { qps: 1, burst: 1 } }
  const backend = new BufferedBackend(kept, options, { clock }, assert.fail)
  backend.process([event('a')])
  await turn()
  backend.process([event('b')])
  await turn()
  assert.deepEqual(kept.batches, [['a']])
  await clock.advance(1000)
  await turn()
  assert.deepEqual(kept.batches, [['a'], ['b']])
})

test('a large event loses its objects, and is lost if it is still too large; batches are parted', () => {
  const kept = new Kept()
  const sizes: string[] = []
  const lost: string[] = []
  const spy: AuditBackend = {
    process(events) {
      sizes.push(...events.map((one) => new TextDecoder().decode(one.json())))
      return kept.process(events)
    },
    shutdown: () => kept.shutdown(),
  }
  const backend = truncating(spy, { maxEventSize: 500, maxBatchSize: 700 }, (_, __, events) =>
    lost.push(...events.map(({ request }) => request.auditID)),
  )
  const large = JSON.stringify({ k: 'x'.repeat(600) })
  void backend.process([event('a', large), event('b'), event('c'.repeat(600), large)])
  assert.deepEqual(kept.batches, [['a'], ['b']])
  assert.deepEqual(lost, ['c'.repeat(600)])
  const [first] = sizes.map((text) => JSON.parse(text) as { annotations?: object; requestObject?: object })
  assert.deepEqual([first?.annotations, first?.requestObject], [{ 'audit.k8s.io/truncated': 'true' }, undefined])
})

test('a log that cannot be written to refuses in strict mode alone', () => {
  const lost: string[] = []
  const full = { write: (): never => assert.fail('ENOSPC'), close: async () => {} }
  const log = logBackend(full, 'json', (plugin, error) => lost.push(`${plugin}: ${(error as Error).message}`))
  assert.equal(log.process([event('a')]), false)
  assert.equal(ignoringErrors(log).process([event('a')]), true)
  assert.deepEqual(lost, ['log: ENOSPC', 'log: ENOSPC'])
})

test('what comes in one turn is passed on together, and at the end what is left', async () => {
  const kept = new Kept()
  const backend = gathering(kept)
  void backend.process([event('a')])
  void backend.process([event('b'), event('c')])
  assert.deepEqual(kept.batches, [])
  await turn()
  await turn()
  assert.deepEqual(kept.batches, [['a', 'b', 'c']])
  void backend.process([event('d')])
  await backend.shutdown()
  assert.deepEqual([kept.batches.length, kept.ended], [2, true])
})

test('all backends are given everything, and all have to succeed', async () => {
  const [one, other] = [new Kept(), new Kept()]
  one.takes = false
  assert.equal(unionOf([one, other]).process([event('a')]), false)
  assert.deepEqual(other.batches, [['a']])
  const later: AuditBackend = { process: async () => false, shutdown: async () => {} }
  assert.equal(await unionOf([other, later]).process([event('b')]), false)
})

test('a webhook is asked five times, whatever it says, and gets an EventList', async () => {
  const bodies: string[] = []
  const answers = [400, 500, 404, 403, 200]
  const service: RemoteService = {
    url: '',
    async post(body) {
      bodies.push(new TextDecoder().decode(body as Uint8Array))
      const status = answers.shift() ?? 500
      if (status !== 200) throw new RemoteError('no', { status })
      return {}
    },
    close() {},
  }
  const lost: number[] = []
  const env = { clock: new VirtualClock(), random: seededRandom(1) }
  const backend = webhookBackend(service, 0, env, (_, __, events) => void lost.push(events.length))
  const settle = async (done: unknown): Promise<unknown> => {
    let value: unknown
    let isDone = false
    void Promise.resolve(done).then((result) => {
      value = result
      isDone = true
    })
    while (!isDone) {
      await env.clock.advance(1000)
      await turn()
    }
    return value
  }
  assert.equal(await settle(backend.process([event('a'), event('b')])), true)
  const { kind, items } = JSON.parse(bodies[4] ?? '') as { kind: string; items: { auditID: string }[] }
  assert.deepEqual([kind, items.map(({ auditID }) => auditID), bodies.length], ['EventList', ['a', 'b'], 5])
  assert.equal(await settle(backend.process([event('c')])), false)
  assert.deepEqual([lost, bodies.length], [[1], 10])
})
