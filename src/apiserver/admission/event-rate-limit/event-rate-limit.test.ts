import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { type EventLimit, validateEventLimits } from './config.ts'

let made = 0
const event = (about: string, component = 'kubelet'): object => ({
  metadata: { name: `e${made++}` },
  involvedObject: { kind: 'Pod', namespace: 'default', name: about, uid: about },
  source: { component },
  reason: 'r',
  message: 'm',
})

async function limited(clock: VirtualClock, ...limits: EventLimit[]): Promise<GuardedServer> {
  return GuardedServer.start({ clock, admission: { enable: ['EventRateLimit'], eventRateLimit: limits } })
}

const EVENTS = '/api/v1/namespaces/default/events'

test('a burst passes, then one as fast as the rate', async () => {
  const clock = new VirtualClock()
  const server = await limited(clock, { type: 'Server', qps: 1, burst: 2 })
  await server.create(EVENTS, event('a'))
  await server.create(`${EVENTS}?dryRun=All`, event('a'))
  await server.create(EVENTS, event('b'))
  assert.equal(
    await server.refused(429, 'POST', EVENTS, event('c')),
    'Too many requests: limit reached on type Server for key ',
  )
  const other = {
    metadata: { name: 'x' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    type: 'Normal',
    reason: 'r',
    action: 'a',
  }
  const newer = {
    ...other,
    reportingController: 'a/b',
    reportingInstance: 'c',
    regarding: { kind: 'Pod', namespace: 'default', name: 'a' },
  }
  await server.create('/apis/events.k8s.io/v1/namespaces/default/events', newer)
  await clock.advance(1000)
  await server.create(EVENTS, event('c'))
  await server.expect(429, 'POST', EVENTS, event('c'))
})

test('each namespace, user and source with its object has a rate of its own', async (t) => {
  const one = { qps: 1, burst: 1 }
  await t.test('Namespace', async () => {
    const server = await limited(new VirtualClock(), { type: 'Namespace', ...one })
    await server.create(EVENTS, event('a'))
    assert.equal(
      await server.refused(429, 'POST', EVENTS, event('a')),
      'Too many requests: limit reached on type Namespace for key default',
    )
    const other = { ...event('a'), involvedObject: { kind: 'Pod', namespace: 'kube-system', name: 'a' } }
    await server.create('/api/v1/namespaces/kube-system/events', other)
  })
  await t.test('User', async () => {
    const server = await limited(new VirtualClock(), { type: 'User', ...one })
    await server.create(EVENTS, event('a'))
    assert.equal(
      await server.refused(429, 'POST', EVENTS, event('a')),
      'Too many requests: limit reached on type User for key admin',
    )
    await server.as('root', 'system:masters').create(EVENTS, event('a'))
  })
  await t.test('SourceAndObject', async () => {
    const server = await limited(new VirtualClock(), { type: 'SourceAndObject', ...one })
    await server.create(EVENTS, event('a'))
    assert.equal(
      await server.refused(429, 'POST', EVENTS, event('a')),
      'Too many requests: limit reached on type SourceAndObject for key kubeletPoddefaultaa',
    )
    await server.create(EVENTS, event('b'))
    await server.create(EVENTS, event('a', 'scheduler'))
  })
  await t.test('all of them together', async () => {
    const server = await limited(new VirtualClock(), { type: 'Server', ...one }, { type: 'User', ...one })
    await server.create(EVENTS, event('a'))
    assert.equal(
      await server.refused(429, 'POST', EVENTS, event('a')),
      'Too many requests: [limit reached on type Server for key , limit reached on type User for key admin]',
    )
  })
})

test('no more buckets are kept than told', async () => {
  const server = await limited(new VirtualClock(), { type: 'SourceAndObject', qps: 1, burst: 1, cacheSize: 2 })
  for (const about of ['a', 'b', 'c']) await server.create(EVENTS, event(about))
  await server.expect(429, 'POST', EVENTS, event('c'))
  await server.create(EVENTS, event('a'))
})

test('limits that cannot be meant are told', () => {
  const texts = [...validateEventLimits([{ type: 'Foo' as never, qps: -1, burst: 0, cacheSize: -1 }])].map(
    ({ field, message }) => `${field}: ${message}`,
  )
  assert.deepEqual(texts, [
    'limits[0].type: Unsupported value: "Foo": supported values: "Server", "Namespace", "User", "SourceAndObject"',
    'limits[0].burst: Invalid value: 0: must be positive',
    'limits[0].qps: Invalid value: -1: must be positive',
    'limits[0].cacheSize: Invalid value: -1: must not be negative',
  ])
  assert.deepEqual(
    [...validateEventLimits([])],
    [{ type: 'FieldValueInvalid', field: 'limits', message: 'Invalid value: null: must not be empty' }],
  )
})
