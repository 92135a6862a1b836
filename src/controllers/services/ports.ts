import type { Pod, ServicePort } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** The number of the pod's port that a Service's port leads to; undefined when the pod has none of that name (podutil.FindPort). */
export function podPort(
  { spec }: Frozen<Pod>,
  { targetPort, port, protocol = 'TCP' }: Frozen<ServicePort>,
): number | undefined {
  if (targetPort === undefined || typeof targetPort === 'number') return targetPort || port
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  for (const { ports = [] } of [...spec.containers, ...sidecars]) {
    const named = ports.find((candidate) => candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol)
    if (named) return named.containerPort
  }
  return undefined
}
