import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import type { Pod, Service } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** The annotation of Endpoints and EndpointSlices from which proxies measure how long a change took to reach them. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** When what led to this change happened: the last pod turned ready or not, or the Service was made. */
export function triggerTime({ metadata }: Frozen<Service>, members: readonly Frozen<Pod>[]): string {
  const times = members.map((pod) => conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '')
  return times.reduce((latest, time) => (time > latest ? time : latest), metadata.creationTimestamp ?? '')
}
