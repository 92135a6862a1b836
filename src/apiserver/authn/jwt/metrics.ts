import type { Clock } from '../../../lib/clock.ts'
import { encodeHex } from '../../../lib/hex.ts'
import type { Gauge, Histogram, Metric, Metrics } from '../../metrics/metrics.ts'

const HELP_LATENCY =
  'Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).'

/** What is counted of issuers of tokens, under upstream's names. */
export class JwtMetrics {
  readonly #latency: Metric<Histogram>
  readonly #fetched: Metric<Gauge>
  readonly #keySet: Metric<Gauge>
  readonly #clock: Clock
  readonly #server: Promise<string>
  /** The hash of the keys that each issuer published last. */
  readonly #published = new Map<string, string>()

  /** `serverId` names the API server. */
  constructor(metrics: Metrics, clock: Clock, serverId: string) {
    this.#clock = clock
    this.#server = hashOf(serverId)
    this.#latency = metrics.histogram({
      name: 'apiserver_authentication_jwt_authenticator_latency_seconds',
      help: HELP_LATENCY,
      labels: ['result', 'jwt_issuer_hash'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    })
    this.#fetched = metrics.gauge({
      name: 'apiserver_authentication_jwt_authenticator_jwks_fetch_last_timestamp_seconds',
      help: 'Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.',
      labels: ['result', 'jwt_issuer_hash', 'apiserver_id_hash'],
    })
    this.#keySet = metrics.gauge({
      name: 'apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info',
      help: 'Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.',
      labels: ['jwt_issuer_hash', 'apiserver_id_hash', 'hash'],
    })
  }

  /** Notes a token that was looked at. */
  authenticated(issuer: string, result: 'success' | 'failure', seconds: number): void {
    void hashOf(issuer).then((hash) => this.#latency.of(result, hash).observe(seconds))
  }

  /** Notes that an issuer was asked for its keys; `keySet` is its answer. */
  keysFetched(issuer: string, keySet: string | undefined): void {
    const now = this.#clock.now() / 1000
    void Promise.all([hashOf(issuer), this.#server, hashOf(keySet ?? '')]).then(([of, server, hash]) => {
      this.#fetched.of(keySet === undefined ? 'failure' : 'success', of, server).set(now)
      if (keySet === undefined) return
      const before = this.#published.get(of)
      if (before !== undefined) this.#keySet.delete(of, server, before)
      this.#published.set(of, hash)
      this.#keySet.of(of, server, hash).set(1)
    })
  }

  /** Forgets an issuer that is no longer configured. */
  async forget(issuer: string): Promise<void> {
    const [of, server] = await Promise.all([hashOf(issuer), this.#server])
    for (const result of ['success', 'failure']) this.#fetched.delete(result, of, server)
    const published = this.#published.get(of)
    if (published !== undefined) this.#keySet.delete(of, server, published)
    this.#published.delete(of)
  }
}

/** A text as labels of metrics carry it. */
export async function hashOf(text: string): Promise<string> {
  if (text === '') return ''
  return `sha256:${encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))}`
}
