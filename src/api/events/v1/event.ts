import type { Event } from '../../generated/types/events/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Event. */
export const eventsV1 = defineResource<Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  storagePrefix: '/registry/events',
  schema: 'io.k8s.api.events.v1.Event',
  allowCreateOnUpdate: true,
  ttlMs: 3_600_000,
})
