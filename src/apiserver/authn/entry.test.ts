import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { AnonymousConfig } from './configuration/schema.ts'
import { entry } from './entry.ts'
import { AuthenticationMetrics } from './metrics.ts'
import type { Authenticator } from './types.ts'

const INNER: Authenticator = {
  authenticate({ headers: { who } }) {
    if (who === 'bad') throw new Error('bad credentials')
    if (who === 'late and bad') return Promise.reject(new Error('bad credentials'))
    return typeof who === 'string' ? { user: { name: who, groups: [] } } : undefined
  },
}

function door(anonymous: AnonymousConfig) {
  const metrics = new Metrics()
  const clock = new VirtualClock()
  const authenticator = entry(INNER, { anonymous, clock, metrics: new AuthenticationMetrics(metrics) })
  const ask = async (path: string, who?: string): Promise<string | undefined> =>
    (await authenticator.authenticate({ path, headers: { ...(who !== undefined && { who }) } }))?.user.name
  return { ask, metrics }
}

const CONDITIONS = [{ path: '/livez' }, { path: '/readyz' }]
const CASES: readonly (readonly [string, AnonymousConfig, string, string | undefined])[] = [
  ['everywhere', { enabled: true }, '/api/v1/pods', 'system:anonymous'],
  ['nowhere', { enabled: false }, '/livez', undefined],
  ['where nothing is said', {}, '/livez', undefined],
  ['at a path', { enabled: true, conditions: CONDITIONS }, '/readyz', 'system:anonymous'],
  ['at another path', { enabled: true, conditions: CONDITIONS }, '/api', undefined],
  ['below a path', { enabled: true, conditions: CONDITIONS }, '/livez/etcd', undefined],
  ['at a path with a slash more', { enabled: true, conditions: CONDITIONS }, '/livez/', undefined],
]
for (const [name, anonymous, path, wanted] of CASES) {
  test(`strangers are let in: ${name}`, async () => {
    const { ask } = door(anonymous)
    if (wanted === undefined) await assert.rejects(ask(path), /nobody is known/)
    else assert.equal(await ask(path), wanted)
    assert.equal(await ask(path, 'jane'), 'jane')
    await assert.rejects(ask(path, 'bad'), /bad credentials/)
    await assert.rejects(ask(path, 'late and bad'), /bad credentials/)
  })
}

test('who comes is counted by kinds of names, how it went, and how long it took', async () => {
  const { ask, metrics } = door({ enabled: false })
  for (const who of ['jane', 'admin', 'j@x.org', 'k@x.org']) await ask('/', who)
  await assert.rejects(ask('/'))
  await assert.rejects(ask('/', 'bad'))
  const text = await metrics.text()
  for (const line of [
    'authenticated_user_requests{username="other"} 1',
    'authenticated_user_requests{username="admin"} 1',
    'authenticated_user_requests{username="email_id"} 2',
    'authentication_attempts{result="success"} 4',
    'authentication_attempts{result="failure"} 1',
    'authentication_attempts{result="error"} 1',
    'authentication_duration_seconds_count{result="success"} 4',
    'authentication_duration_seconds_bucket{result="success",le="16.384"} 4',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
})
