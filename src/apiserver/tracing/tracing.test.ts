import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeHex } from '../../lib/hex.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { ANONYMOUS, type UserInfo } from '../authn/types.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import type { SpanRecord } from './span.ts'
import { parentContext } from './trace-context.ts'
import { Tracer } from './tracer.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const admin: UserInfo = { name: 'admin', groups: ['system:masters'] }
const alice: UserInfo = { name: 'alice', groups: ['dev'] }

function callOf(path: string, user: UserInfo = ANONYMOUS, headers: Record<string, string> = {}): Call {
  const query = new URLSearchParams()
  const info = parseRequestInfo('GET', path, query)
  const { signal } = new AbortController()
  return {
    method: 'GET',
    info,
    query,
    headers,
    user,
    body: { kind: 'none' },
    signal,
    warnings: [],
    annotations: new Map(),
  }
}

function setUp(samplingRatePerMillion: number, exportSpans?: (spans: readonly SpanRecord[]) => Promise<void>) {
  const clock = new VirtualClock()
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const batches: (readonly SpanRecord[])[] = []
  const take = (spans: readonly SpanRecord[]): Promise<void> => Promise.resolve(void batches.push(spans))
  const tracer = new Tracer({ env, samplingRatePerMillion, exportSpans: exportSpans ?? take })
  return { clock, tracer, batches }
}

const sampled = (flags: string): Record<string, string> => ({ traceparent: `00-${TRACE}-${PARENT}-${flags}` })

test('whom the cluster trusts says what is traced, and of what it is a part', async () => {
  const { tracer, batches } = setUp(0)
  assert.equal(tracer.start(callOf('/api/v1/pods', admin), 0), undefined, 'nobody asks for it')
  assert.equal(tracer.start(callOf('/api/v1/pods', admin, sampled('00')), 0), undefined)
  const span = tracer.start(callOf('/api/v1/namespaces/a/pods/b/log', admin, sampled('01')), 0)
  const part = span?.child('Get')
  assert.match(part?.traceparent ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
  part?.end()
  span?.end()
  await tracer.close()
  const [inner, outer] = batches.flat()
  assert.equal(outer?.name, 'GET /api/v1/namespaces/{:namespace}/pods/{:name}/log')
  assert.equal(encodeHex(outer?.parentSpanId ?? new Uint8Array()), PARENT)
  assert.deepEqual(inner?.parentSpanId, outer?.spanId)
  assert.deepEqual(
    [inner, outer].map((one) => encodeHex(one?.traceId ?? new Uint8Array())),
    [TRACE, TRACE],
  )
})

test('anyone else cannot have requests traced; what they say is kept as a link', async () => {
  assert.equal(setUp(0).tracer.start(callOf('/version', alice, sampled('01')), 0), undefined)
  const { tracer, batches } = setUp(1_000_000)
  tracer.start(callOf('/version', alice, sampled('00')), 0)?.end()
  await tracer.close()
  const [span] = batches.flat()
  assert.equal(span?.name, 'GET')
  assert.equal(span?.parentSpanId, undefined)
  assert.notEqual(encodeHex(span?.traceId ?? new Uint8Array()), TRACE)
  assert.equal(encodeHex(span?.link?.traceId ?? new Uint8Array()), TRACE)
})

test('about as many are traced as is asked for', () => {
  const { tracer } = setUp(250_000)
  let count = 0
  for (let n = 0; n < 4000; n++) if (tracer.start(callOf('/version', alice), 0)) count++
  assert.ok(count > 850 && count < 1150, String(count))
})

test('spans leave in batches: when there are many, and after a while when there are few', async () => {
  const { tracer, batches, clock } = setUp(1_000_000)
  for (let n = 0; n < 512; n++) tracer.start(callOf('/version'), 0)?.end()
  await clock.advance(0)
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [512],
  )
  tracer.start(callOf('/version'), 0)?.end()
  await clock.advance(4999)
  assert.equal(batches.length, 1)
  await clock.advance(1)
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [512, 1],
  )
})

test('a collector that hangs or fails costs a bounded number of spans, and no request', async () => {
  let release = (): void => {}
  let exported = 0
  const { tracer, clock } = setUp(1_000_000, (spans) => {
    exported += spans.length
    return new Promise((_, reject) => (release = () => reject(new Error('gone'))))
  })
  for (let n = 0; n < 10_000; n++) tracer.start(callOf('/version'), 0)?.end()
  assert.equal(exported, 512)
  const closed = tracer.close()
  for (let n = 0; n < 6; n++) {
    release()
    await clock.advance(0)
  }
  await closed
  assert.equal(exported, 512 + 2048)
})

test('ending twice is ending once', async () => {
  const { tracer, batches } = setUp(1_000_000)
  const span = tracer.start(callOf('/version'), 0)
  span?.end()
  span?.end()
  await tracer.close()
  assert.equal(batches.flat().length, 1)
})

for (const bad of [
  '',
  'x',
  `ff-${TRACE}-${PARENT}-01`,
  `00-${TRACE}-${PARENT}-01-more`,
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
])
  test(`no trace is known by ${JSON.stringify(bad)}`, () => {
    assert.equal(parentContext({ traceparent: bad }), undefined)
  })
