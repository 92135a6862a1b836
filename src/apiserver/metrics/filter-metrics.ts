import type { Authorization } from '../authz/types.ts'
import type { Counter, Histogram, Metrics } from './metrics.ts'

/** Of filters, which take less than requests. */
const FILTER_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30]
/** Upstream's ExponentialBuckets(0.001, 2, 15). */
const BUCKETS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index)

/** What comes of asking whether a request is allowed. */
type Result = 'allowed' | 'denied' | 'error' | 'no-opinion'

/** What is counted of what stands before a request's work, under upstream's names. */
export class FilterMetrics {
  readonly #impersonation: Histogram
  readonly #flow: Histogram
  readonly #authorization: Histogram
  readonly #resultOf: (result: Result) => { readonly attempts: Counter; readonly durations: Histogram }
  /** Found once: most requests are allowed. */
  #allowed: { readonly attempts: Counter; readonly durations: Histogram } | undefined

  constructor(metrics: Metrics) {
    const filters = metrics.histogram({
      name: 'apiserver_request_filter_duration_seconds',
      help: 'Request filter latency distribution in seconds, for each filter type.',
      labels: ['filter'],
      buckets: FILTER_BUCKETS,
    })
    this.#impersonation = filters.of('constrainedimpersonation')
    this.#flow = filters.of('priorityandfairness')
    this.#authorization = filters.of('authorization')
    const attempts = metrics.counter({
      name: 'authorization_attempts_total',
      help: "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
      labels: ['result'],
    })
    const durations = metrics.histogram({
      name: 'authorization_duration_seconds',
      help: 'Authorization duration in seconds broken out by result.',
      labels: ['result'],
      buckets: BUCKETS,
    })
    this.#resultOf = (result) => ({ attempts: attempts.of(result), durations: durations.of(result) })
  }

  /** Notes a request that is past flow control: how long it took to know as whom it acts, and until it was its turn. */
  admitted(impersonationMs: number, flowMs: number): void {
    this.#impersonation.observe(impersonationMs / 1000)
    this.#flow.observe(flowMs / 1000)
  }

  /** Notes what was decided. */
  authorized({ decision, error }: Authorization, ms: number): void {
    const seconds = ms / 1000
    // A filter that refuses does not pass on, and upstream times what passes.
    if (decision === 'Allow') this.#authorization.observe(seconds)
    const counted =
      decision === 'Allow' ? (this.#allowed ??= this.#resultOf('allowed')) : this.#resultOf(refusalOf(decision, error))
    counted.attempts.inc()
    counted.durations.observe(seconds)
  }
}

function refusalOf(decision: Authorization['decision'], error: string | undefined): Result {
  if (error !== undefined) return 'error'
  return decision === 'Deny' ? 'denied' : 'no-opinion'
}
