import type { Clock } from '../../../lib/clock.ts'
import type { Metrics } from '../../metrics/metrics.ts'

/** Why a webhook's answer is of no use. */
export type ConversionFailure =
  | 'conversion_webhook_call_failure'
  | 'conversion_webhook_malformed_response_failure'
  | 'conversion_webhook_partial_response_failure'
  | 'conversion_webhook_invalid_converted_object_failure'

/** Begins a call of a conversion webhook; returns what notes its end. */
export type CountConversion = () => (failure?: ConversionFailure) => void

const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60]

/** What is counted of conversion webhooks, under upstream's names. */
export function conversionMetrics(metrics: Metrics, clock: Pick<Clock, 'monotonic'>): CountConversion {
  const labels = ['result', 'failure_type']
  const requests = metrics.counter({
    name: 'apiserver_conversion_webhook_request_total',
    help: 'Counter for conversion webhook requests with success/failure and failure error type',
    labels,
  })
  const durations = metrics.histogram({
    name: 'apiserver_conversion_webhook_duration_seconds',
    help: 'Conversion webhook request latency',
    labels,
    buckets: SECONDS,
  })
  return () => {
    const began = clock.monotonic()
    return (failure) => {
      const values = failure === undefined ? ['success', ''] : ['failure', failure]
      requests.of(...values).inc()
      durations.of(...values).observe((clock.monotonic() - began) / 1000)
    }
  }
}
