import type { Counter, Gauge, Histogram, Metric, Metrics } from '../metrics/metrics.ts'

/** How looking at a request's credentials ended; `failure`: nobody knows the sender. */
export type AttemptResult = 'success' | 'failure' | 'error'

/** Upstream's ExponentialBuckets(0.001, 2, 15). */
const BUCKETS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index)

/** What is counted of those who come, under upstream's names. */
export class AuthenticationMetrics {
  readonly #users: Metric<Counter>
  readonly #attempts: Metric<Counter>
  readonly #durations: Metric<Histogram>
  /** Found once: most requests end the same way. */
  #usual: { readonly users: Counter; readonly attempts: Counter; readonly durations: Histogram } | undefined

  constructor(metrics: Metrics) {
    this.#users = metrics.counter({
      name: 'authenticated_user_requests',
      help: 'Counter of authenticated requests broken out by username.',
      labels: ['username'],
    })
    this.#attempts = metrics.counter({
      name: 'authentication_attempts',
      help: 'Counter of authenticated attempts.',
      labels: ['result'],
    })
    this.#durations = metrics.histogram({
      name: 'authentication_duration_seconds',
      help: 'Authentication duration in seconds broken out by result.',
      labels: ['result'],
      buckets: BUCKETS,
    })
  }

  /** Notes someone who is known. */
  succeeded(user: string, seconds: number): void {
    this.#usual ??= {
      users: this.#users.of('other'),
      attempts: this.#attempts.of('success'),
      durations: this.#durations.of('success'),
    }
    const kind = kindOfUser(user)
    if (kind === 'other') this.#usual.users.inc()
    else this.#users.of(kind).inc()
    this.#usual.attempts.inc()
    this.#usual.durations.observe(seconds)
  }

  /** Notes someone who is not. */
  failed(result: 'failure' | 'error', seconds: number): void {
    this.#attempts.of(result).inc()
    this.#durations.of(result).observe(seconds)
  }
}

const NAMED = /^(?:admin|client|kube_proxy|kubelet|system:serviceaccount:kube-system:default)$/

/** Names are not told, but for some that every cluster has. */
function kindOfUser(name: string): string {
  if (NAMED.test(name)) return name
  return name.includes('@') ? 'email_id' : 'other'
}

const PREFIX = 'authentication_token_cache'

/** What is counted of a cache of tokens, under upstream's names. */
export class TokenCacheMetrics {
  readonly #duration: Metric<Histogram>
  readonly #requests: Metric<Counter>
  readonly #fetches: Metric<Counter>
  readonly #active: Metric<Gauge>

  constructor(metrics: Metrics) {
    const labels = ['status']
    this.#duration = metrics.histogram({
      name: `${PREFIX}_request_duration_seconds`,
      help: '',
      labels,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    })
    this.#requests = metrics.counter({ name: `${PREFIX}_request_total`, help: '', labels })
    this.#fetches = metrics.counter({ name: `${PREFIX}_fetch_total`, help: '', labels })
    this.#active = metrics.gauge({ name: `${PREFIX}_active_fetch_count`, help: '', labels })
  }

  requested(status: 'hit' | 'miss', seconds: number): void {
    this.#requests.of(status).inc()
    this.#duration.of(status).observe(seconds)
  }

  fetched(status: 'ok' | 'error'): void {
    this.#fetches.of(status).inc()
  }

  /** Notes that something goes on; returns what notes its end. */
  began(status: 'blocked' | 'in_flight'): () => void {
    const active = this.#active.of(status)
    active.inc()
    return () => active.dec()
  }
}
