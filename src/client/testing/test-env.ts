import { VirtualClock } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Client } from '../client.ts'
import { createClient } from '../create-client.ts'
import { MemoryApi } from './memory-api.ts'

/** Everything a test of a client or controller starts from: virtual time, a seed, an API in memory, a client of it. */
export interface TestBench {
  readonly clock: VirtualClock
  readonly env: Env
  readonly api: MemoryApi
  readonly client: Client
  readonly signal: AbortSignal
  /** Lets all work that is due come to rest. */
  settle(): Promise<void>
  stop(): void
}

/** A fresh bench. `stop` it when done. */
export function testBench(seed = 1): TestBench {
  const clock = new VirtualClock()
  const env: Env = { clock, random: seededRandom(seed), log: silentLogger }
  const api = new MemoryApi(env)
  const client = createClient({ transport: api, env, userAgent: 'test' })
  const controller = new AbortController()
  return {
    clock,
    env,
    api,
    client,
    signal: controller.signal,
    settle: () => clock.advance(0),
    stop: () => controller.abort(new Error('test ended')),
  }
}
