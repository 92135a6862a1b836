import type { Event } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Event. */
export const events = defineResource<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  storagePrefix: '/registry/events',
  schema: 'io.k8s.api.core.v1.Event',
  allowCreateOnUpdate: true,
  ttlMs: 3_600_000,
})
