import type { APIService } from '../../api/generated/types/apiregistration/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Tells, under upstream's names, which APIServices are not there; returns what notes that one has gone away. */
export function unavailability(
  metrics: Metrics,
  all: () => Iterable<Frozen<APIService>>,
): (name: string, reason: string) => void {
  const now = metrics.gauge({
    name: 'aggregator_unavailable_apiservice',
    help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
    labels: ['name'],
  })
  metrics.before(() => {
    now.clear()
    for (const one of all()) now.of(one.metadata?.name ?? '').set(isAvailable(one) ? 0 : 1)
  })
  const times = metrics.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
    labels: ['name', 'reason'],
  })
  return (name, reason) => times.of(name, reason).inc()
}

/** Whether it is known to answer. */
export function isAvailable({ status }: Frozen<APIService>): boolean {
  return status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True') ?? false
}
