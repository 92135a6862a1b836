import { Metrics } from '../metrics/metrics.ts'
import type { NoteCheck } from './health.ts'

/** /metrics/slis: how checks of the server's health went, each time that somebody asked. */
export function healthIndicators(): { readonly metrics: Metrics; readonly note: NoteCheck } {
  const metrics = new Metrics()
  const now = metrics.gauge({
    name: 'kubernetes_healthcheck',
    help: 'How a check went the last time: 1 when it passed.',
    stability: 'STABLE',
    labels: ['name', 'type'],
  })
  const all = metrics.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'How checks went.',
    stability: 'STABLE',
    labels: ['name', 'status', 'type'],
  })
  return {
    metrics,
    note(name, type, ok) {
      now.of(name, type).set(ok ? 1 : 0)
      all.of(name, ok ? 'success' : 'error', type).inc()
    },
  }
}
