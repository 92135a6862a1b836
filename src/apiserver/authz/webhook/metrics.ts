import type { Metrics } from '../../metrics/metrics.ts'

/** What is counted of webhooks that authorize, under upstream's names. One for all webhooks. */
export type WebhookMetrics = ReturnType<typeof webhookMetrics>

/** Prometheus' own. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const MATCH_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]

export function webhookMetrics(metrics: Metrics) {
  const labels = ['name', 'result']
  const matchLabels = ['type', 'name']
  const name = (what: string): string => `apiserver_authorization_${what}`
  return {
    evaluations: metrics.counter({
      name: name('webhook_evaluations_total'),
      help: 'Round-trips to authorization webhooks.',
      labels,
    }),
    duration: metrics.histogram({
      name: name('webhook_duration_seconds'),
      help: 'Request latency in seconds.',
      labels,
      buckets: SECONDS,
    }),
    failOpen: metrics.counter({
      name: name('webhook_evaluations_fail_open_total'),
      help: 'NoOpinion results due to webhook timeout or error.',
      labels,
    }),
    matchErrors: metrics.counter({
      name: name('match_condition_evaluation_errors_total'),
      help: 'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.',
      labels: matchLabels,
    }),
    exclusions: metrics.counter({
      name: name('match_condition_exclusions_total'),
      help: 'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.',
      labels: matchLabels,
    }),
    matchSeconds: metrics.histogram({
      name: name('match_condition_evaluation_seconds'),
      help: 'Authorization match condition evaluation time in seconds, split by authorizer type and name.',
      labels: matchLabels,
      buckets: MATCH_SECONDS,
    }),
  }
}
