import type { Authorization } from '../authz/types.ts'
import type { Counter, Histogram, Metric, Metrics } from '../metrics/metrics.ts'

/** Upstream's ExponentialBuckets(0.001, 2, 15). */
const BUCKETS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index)

type Outcome = 'allowed' | 'denied'

/** What is counted of those who act as others, under upstream's names. */
export class ImpersonationMetrics {
  readonly #attempts: Timed
  readonly #authorizations: Timed

  constructor(metrics: Metrics) {
    this.#attempts = timed(metrics, '', 'impersonation attempts')
    const checks = 'authorization checks made by the impersonation handler'
    this.#authorizations = timed(metrics, 'authorization_', checks)
  }

  /** Notes an attempt. The mode is that by which it was allowed; none when it was not. */
  attempted(mode: string, outcome: Outcome, ms: number): void {
    this.#attempts(mode, outcome, ms)
  }

  /** Notes a question that was asked for it. */
  asked(verb: string, { decision }: Authorization, ms: number): void {
    this.#authorizations(modeOf(verb), decision === 'Allow' ? 'allowed' : 'denied', ms)
  }
}

type Timed = (mode: string, outcome: Outcome, ms: number) => void

function timed(metrics: Metrics, name: string, what: string): Timed {
  const labels = ['mode', 'decision']
  const prefix = `apiserver_impersonation_${name}attempts`
  const total: Metric<Counter> = metrics.counter({
    name: `${prefix}_total`,
    help: `Total number of ${what} split by mode and decision.`,
    labels,
  })
  const durations: Metric<Histogram> = metrics.histogram({
    name: `${prefix}_duration_seconds`,
    help: `Latency of ${what} in seconds split by mode and decision.`,
    labels,
    buckets: BUCKETS,
  })
  return (mode, outcome, ms) => {
    total.of(mode, outcome).inc()
    durations.of(mode, outcome).observe(ms / 1000)
  }
}

const VERB = /^impersonate(?:-on)?:(associated-node|arbitrary-node|serviceaccount|user-info)(?::|$)/

/** The mode that such a right belongs to. */
function modeOf(verb: string): string {
  return verb === 'impersonate' ? 'legacy' : (VERB.exec(verb)?.[1] ?? 'unknown')
}
