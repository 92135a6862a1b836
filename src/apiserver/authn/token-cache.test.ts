import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { nextTurn } from '../../lib/turn.ts'
import { Metrics } from '../metrics/metrics.ts'
import { TokenCacheMetrics } from './metrics.ts'
import { TokenCache, type TokenCacheOptions } from './token-cache.ts'
import type { TokenAuthenticator } from './tokens.ts'

function cache(options: Partial<TokenCacheOptions> = {}, answered: Promise<void> = Promise.resolve()) {
  const clock = new VirtualClock()
  const asked: string[] = []
  const inner: TokenAuthenticator = {
    async authenticateToken(token, audiences) {
      asked.push(`${token} for ${audiences.join()}`)
      await answered
      if (token === 'broken') throw new Error('no answer')
      return token === 'unknown' ? undefined : { user: { name: token, groups: [] } }
    },
  }
  const times = { clock, successTtlMs: 10_000, failureTtlMs: 0, keepErrors: false }
  return { clock, asked, tokens: new TokenCache(inner, { ...times, ...options }) }
}

test('a token that is known is asked about again after its time', async () => {
  const { clock, asked, tokens } = cache()
  for (let i = 0; i < 3; i++) assert.equal((await tokens.authenticateToken('a', ['x']))?.user.name, 'a')
  assert.equal(asked.length, 1)
  await clock.advance(9999)
  await tokens.authenticateToken('a', ['x'])
  assert.equal(asked.length, 1)
  await clock.advance(1)
  await tokens.authenticateToken('a', ['x'])
  assert.equal(asked.length, 2)
})

test('what is kept for some audiences is not told for others', async () => {
  const { asked, tokens } = cache()
  for (const audiences of [['x'], ['y'], ['x', 'y'], ['xy'], []]) await tokens.authenticateToken('a', audiences)
  await tokens.authenticateToken('ax', [])
  await tokens.authenticateToken('1:a', ['x'])
  assert.equal(asked.length, 7)
})

test('many who show the same token at once are asked about once', async () => {
  const metrics = new Metrics()
  const { promise, resolve } = Promise.withResolvers<void>()
  const { asked, tokens } = cache({ successTtlMs: 0, metrics: new TokenCacheMetrics(metrics) }, promise)
  const all = Promise.all(Array.from({ length: 20 }, () => tokens.authenticateToken('a', ['x'])))
  while (!(await metrics.text()).includes('active_fetch_count{status="blocked"} 20\n')) await nextTurn()
  resolve()
  assert.equal((await all).filter((found) => found?.user.name === 'a').length, 20)
  assert.equal(asked.length, 1)
  await tokens.authenticateToken('a', ['x'])
  assert.equal(asked.length, 2)
})

const FAILURES: readonly (readonly [string, Partial<TokenCacheOptions>, string, number])[] = [
  ['is not known, where that is not kept', {}, 'unknown', 2],
  ['is not known, where that is kept', { failureTtlMs: 1000 }, 'unknown', 1],
  ['cannot be asked about', { failureTtlMs: 1000 }, 'broken', 2],
  ['cannot be asked about, where that is kept', { failureTtlMs: 1000, keepErrors: true }, 'broken', 1],
]
for (const [name, options, token, times] of FAILURES) {
  test(`a token that ${name}, is asked about ${times} times for two requests`, async () => {
    const { asked, tokens } = cache(options)
    const ask = (): Promise<unknown> => tokens.authenticateToken(token, ['x']).catch((error: Error) => error.message)
    const first = await ask()
    assert.equal(first, token === 'broken' ? 'no answer' : undefined)
    assert.equal(await ask(), first)
    assert.equal(asked.length, times)
  })
}

test('no more tokens are kept than there is room for', async () => {
  const { asked, tokens } = cache()
  for (let i = 0; i <= 32_768; i++) await tokens.authenticateToken(`t${i}`, [])
  await tokens.authenticateToken('t0', [])
  assert.equal(asked.length, 32_770)
})

test('hits, misses and questions are counted', async () => {
  const metrics = new Metrics()
  const { tokens } = cache({ metrics: new TokenCacheMetrics(metrics) })
  await tokens.authenticateToken('a', [])
  await tokens.authenticateToken('a', [])
  await assert.rejects(tokens.authenticateToken('broken', []), /no answer/)
  const text = await metrics.text()
  for (const line of [
    'authentication_token_cache_request_total{status="hit"} 1',
    'authentication_token_cache_request_total{status="miss"} 2',
    'authentication_token_cache_fetch_total{status="ok"} 1',
    'authentication_token_cache_fetch_total{status="error"} 1',
    'authentication_token_cache_active_fetch_count{status="blocked"} 0',
    'authentication_token_cache_active_fetch_count{status="in_flight"} 0',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
})
