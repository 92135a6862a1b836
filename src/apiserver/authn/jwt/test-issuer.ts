import { VirtualClock } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import type { Fetch, FetchAnswer } from './fetch.ts'

/** What an issuer says in a test; change it while the test goes on. */
export interface FakeIssuer {
  issuer: string
  jwks: unknown
  headers?: Readonly<Record<string, string>>
  /** What it answers at a path instead. */
  at?: Readonly<Record<string, Partial<FetchAnswer> | Error>>
}

/** The time is that of the clock alone. */
export function testEnv(clock = new VirtualClock(Date.UTC(2026, 10, 22))): Env & { readonly clock: VirtualClock } {
  return { clock, random: seededRandom(1), log: silentLogger }
}

/** An issuer without a network, and the URLs that were asked for. */
export function fakeIssuer(state: FakeIssuer): { readonly fetch: Fetch; readonly asked: string[] } {
  const asked: string[] = []
  const fetch: Fetch = ({ url }) => {
    asked.push(url)
    const { pathname } = new URL(url)
    const told = state.at?.[pathname]
    if (told instanceof Error) return Promise.reject(told)
    const document = { issuer: state.issuer, jwks_uri: `${state.issuer}/jwks` }
    const body = JSON.stringify(pathname.endsWith('/jwks') ? state.jwks : document)
    return Promise.resolve({ status: 200, statusText: 'OK', headers: state.headers ?? {}, body, ...told })
  }
  return { fetch, asked }
}
