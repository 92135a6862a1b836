import type { Frozen } from '../../../apimachinery/meta.ts'
import { validateEvent, validateEventUpdate, validateNewEvent } from '../../core/v1/event-validate.ts'
import { events } from '../../core/v1/event.ts'
import { defineResource } from '../../define.ts'
import type { Event as CoreEvent } from '../../generated/types/core/v1.ts'
import type { Event } from '../../generated/types/events/v1.ts'

/** Everything the system knows about the Event of events.k8s.io. Events are kept as the core group has them. */
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
  storedAs: {
    definition: events,
    toStored: toCore,
    fromStored: (object) => fromCore(object as Frozen<CoreEvent>),
  },
  validate: (event) => validateEvent(toCore(event), 'reportingController'),
  validateCreate: (event) => validateNewEvent(toCore(event)),
  validateUpdate: (event, old) => validateEventUpdate(toCore(event), toCore(old)),
  selectableFields: {
    reason: ({ reason }) => reason ?? '',
    'regarding.kind': ({ regarding }) => regarding?.kind ?? '',
    'regarding.namespace': ({ regarding }) => regarding?.namespace ?? '',
    'regarding.name': ({ regarding }) => regarding?.name ?? '',
    'regarding.uid': ({ regarding }) => regarding?.uid ?? '',
    'regarding.apiVersion': ({ regarding }) => regarding?.apiVersion ?? '',
    'regarding.resourceVersion': ({ regarding }) => regarding?.resourceVersion ?? '',
    'regarding.fieldPath': ({ regarding }) => regarding?.fieldPath ?? '',
    reportingController: ({ reportingController }) => reportingController ?? '',
    type: ({ type }) => type ?? '',
  },
  columns: events.columns.map((column) => ({
    ...column,
    value: (event: Frozen<Event>, now: number) => column.value(toCore(event), now),
  })),
})

/** Names in events.k8s.io and in the core group; all other fields have the same. */
const RENAMED = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
] as const

function toCore(event: Frozen<Event>): CoreEvent {
  const renamed = rename(event, RENAMED)
  return { involvedObject: {}, ...renamed, apiVersion: 'v1', kind: 'Event' } as unknown as CoreEvent
}

function fromCore(event: Frozen<CoreEvent>): Event {
  const back = RENAMED.map(([name, core]) => [core, name] as const)
  return { ...rename(event, back), apiVersion: 'events.k8s.io/v1', kind: 'Event' } as unknown as Event
}

function rename(object: object, names: readonly (readonly [string, string])[]): Record<string, unknown> {
  const byName = new Map(names)
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [byName.get(key) ?? key, value as unknown]))
}
