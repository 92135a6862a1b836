import type { EventRecorder } from '../../client/events.ts'
import { containerNamed, fieldPathOf, type Container, type Pod } from './spec.ts'

/** Records an event about a container: about the pod, naming the container by its field path. */
export function containerEvent(
  events: EventRecorder,
  pod: Pod,
  container: Pick<Container, 'name'>,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  const kind = containerNamed(pod, container.name)?.kind ?? 'container'
  events.event({ object: pod, fieldPath: fieldPathOf(kind, container.name) }, type, reason, message)
}
