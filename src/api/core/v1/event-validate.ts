import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, IMMUTABLE, qualifiedName } from '../../checks.ts'
import { internalForm } from '../../internal-form.ts'
import type { Event } from '../../generated/types/core/v1.ts'

const MAX_WORD = 128
const MAX_NOTE = 1024

const longerThan = (field: string, value: string | undefined, max: number): FieldError[] =>
  byteLength(value ?? '') > max ? [invalid(field, '', `can have at most ${max} characters`)] : []

/**
 * What events of both groups must be. An old one has no eventTime; a new one says who reports what action.
 * `controllerField` is what the group calls reportingComponent.
 */
export function* validateEvent(event: Frozen<Event>, controllerField: string): Iterable<FieldError> {
  const { metadata, involvedObject, eventTime } = event
  const namespace = metadata.namespace ?? ''
  const about = involvedObject.namespace ?? ''
  const homes = eventTime ? ['default', 'kube-system'] : ['', 'default']
  const fits = about === '' ? homes.includes(namespace) : eventTime !== undefined || about === namespace
  if (!fits) yield invalid('involvedObject.namespace', about, 'does not match event.namespace')
  if (eventTime) yield* validateNewFields(event, controllerField)
  yield* dns1123Subdomain('namespace', namespace)
}

function* validateNewFields(event: Frozen<Event>, controllerField: string): Iterable<FieldError> {
  const { reportingComponent = '', reportingInstance, action, reason } = event
  if (!reportingComponent) yield required(controllerField)
  yield* qualifiedName(controllerField, reportingComponent)
  for (const [field, value] of [
    ['reportingInstance', reportingInstance],
    ['action', action],
    ['reason', reason],
  ] as const) {
    if (!value) yield required(field)
    yield* longerThan(field, value, MAX_WORD)
  }
  yield* longerThan('message', event.message, MAX_NOTE)
}

/** What events.k8s.io asks of new events beyond that; `event` is in the core group's shape. */
export function* validateNewEvent(event: Frozen<Event>): Iterable<FieldError> {
  yield* validateSeries(event)
  if (!event.eventTime) yield required('eventTime')
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    yield invalid('type', '', `has invalid value: ${event.type ?? ''}`)
  }
  const unset: readonly (readonly [string, unknown])[] = [
    ['firstTimestamp', event.firstTimestamp],
    ['lastTimestamp', event.lastTimestamp],
    ['count', event.count],
    ['source', event.source?.component || event.source?.host],
  ]
  for (const [field, value] of unset) if (value) yield invalid(field, '', 'needs to be unset')
}

const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  // Twice, as upstream.
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const

/** Only the series of an event may change. */
export function* validateEventUpdate(event: Frozen<Event>, old: Frozen<Event>): Iterable<FieldError> {
  if (!semanticEqual(event.series, old.series)) yield* validateSeries(event)
  for (const field of FIXED) {
    if (semanticEqual(event[field], old[field])) continue
    yield invalid(field === 'reportingComponent' ? 'reportingController' : field, shown(event, field), IMMUTABLE)
  }
}

const MODELS: Readonly<Record<string, string>> = {
  involvedObject: 'io.k8s.api.core.v1.ObjectReference',
  related: 'io.k8s.api.core.v1.ObjectReference',
  source: 'io.k8s.api.core.v1.EventSource',
}

const TEXTS = new Set<string>(['reason', 'message', 'type', 'action', 'reportingComponent', 'reportingInstance'])

function shown(event: Frozen<Event>, field: (typeof FIXED)[number]): unknown {
  const model = MODELS[field]
  if (model) return internalForm(model, event[field])
  const value = event[field]
  return value === undefined && TEXTS.has(field) ? '' : value
}

function* validateSeries({ series }: Frozen<Event>): Iterable<FieldError> {
  if (!series) return
  if ((series.count ?? 0) < 2) yield invalid('series.count', '', 'should be at least 2')
  if (!series.lastObservedTime) yield required('series.lastObservedTime')
}
