import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Column } from '../../../apimachinery/resource.ts'
import { ageOf } from '../../../apimachinery/duration/human.ts'
import { validateEvent } from './event-validate.ts'
import { nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { Event } from '../../generated/types/core/v1.ts'

/** Everything the system knows about Event. The group events.k8s.io serves the same objects in another shape. */
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
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
    type: ({ type }) => type ?? '',
  },
  defaults(event) {
    event.involvedObject ??= {}
  },
  validate: (event) => validateEvent(event, 'reportingComponent'),
  columns: eventColumns(),
})

function eventColumns(): Column<Event>[] {
  return [
    text('Last Seen', lastSeen),
    text('Type', ({ type }) => type ?? ''),
    text('Reason', ({ reason }) => reason ?? ''),
    text('Object', objectCell),
    wide(text('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '')),
    wide(text('Source', sourceCell)),
    text('Message', ({ message }) => (message ?? '').trim()),
    wide(text('First Seen', firstSeen)),
    wide(text('Count', ({ series, count }) => (series ? (series.count ?? 0) : count || 1))),
    wide(nameColumn),
  ]
}

function firstSeen({ firstTimestamp, eventTime }: Frozen<Event>, now: number): string {
  return ageOf(firstTimestamp || eventTime || undefined, now)
}

function lastSeen(event: Frozen<Event>, now: number): string {
  if (event.series) return ageOf(event.series.lastObservedTime, now)
  return event.lastTimestamp ? ageOf(event.lastTimestamp, now) : firstSeen(event, now)
}

function objectCell({ involvedObject: { kind = '', name } }: Frozen<Event>): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function sourceCell({ source, reportingComponent, reportingInstance }: Frozen<Event>): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance
  return instance ? `${component}, ${instance}` : component
}
