import { EVERYTHING, type LabelSet } from '../../apimachinery/labels/selector.ts'
import { parseLabelSelector } from '../../apimachinery/labels/parse.ts'
import { type FieldSelector, parseFieldSelector } from '../../apimachinery/fields/selector.ts'
import { ParseError } from '../../apimachinery/parse-error.ts'
import { badRequest, fieldForbidden, type FieldError, invalidObject, notSupported } from '../../apimachinery/status.ts'
import { isTrue } from './info.ts'
import { wholeNumber } from './query.ts'

/** metav1.ListOptions, read. */
export interface ListOptions {
  readonly labels: LabelSet
  readonly fields: FieldSelector
  readonly watch: boolean
  readonly allowWatchBookmarks: boolean
  /** As sent: '' , '0', or a revision. */
  readonly resourceVersion: string
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan'
  readonly timeoutSeconds: number | undefined
  readonly limit: number
  readonly continue: string
  readonly sendInitialEvents: boolean | undefined
}

const DEFAULTS: ListOptions = {
  labels: EVERYTHING,
  fields: [],
  watch: false,
  allowWatchBookmarks: false,
  resourceVersion: '',
  resourceVersionMatch: '',
  timeoutSeconds: undefined,
  limit: 0,
  continue: '',
  sendInitialEvents: undefined,
}

/** Reads and checks the query of a list, watch or deletecollection. Throws 400 and 422 in upstream's words. */
export function readListOptions(query: URLSearchParams): ListOptions {
  if (query.size === 0) return DEFAULTS
  const options: ListOptions = {
    labels: parsed(query.get('labelSelector'), parseLabelSelector, EVERYTHING),
    fields: parsed<FieldSelector>(query.get('fieldSelector'), parseFieldSelector, []),
    watch: isTrue(query.get('watch')),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: (query.get('resourceVersionMatch') ?? '') as ListOptions['resourceVersionMatch'],
    timeoutSeconds: integer(query.get('timeoutSeconds')),
    limit: integer(query.get('limit')) ?? 0,
    continue: query.get('continue') ?? '',
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
  }
  const complete = withDefaults(options)
  const errors = [...validate(complete)]
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return complete
}

function parsed<T>(text: string | null, parse: (text: string) => T, empty: T): T {
  if (!text) return empty
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof ParseError) throw badRequest(error.message)
    throw error
  }
}

function integer(text: string | null): number | undefined {
  return text === null ? undefined : wholeNumber(text)
}

/** A watch from "0" or from nothing asks, unless told, for the current objects first (upstream's SetListOptionsDefaults). */
function withDefaults(options: ListOptions): ListOptions {
  if (options.sendInitialEvents !== undefined || options.resourceVersionMatch !== '') return options
  const fromStart = options.resourceVersion === '' || options.resourceVersion === '0'
  if (!options.watch || !fromStart) return options
  // Legacy: synthetic ADDED events without the closing bookmark.
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
}

function* validate(options: ListOptions): Iterable<FieldError> {
  const { resourceVersionMatch: match, sendInitialEvents } = options
  if (options.watch) return yield* validateWatch(options)
  if (match) {
    if (!options.resourceVersion)
      yield matchForbidden('resourceVersionMatch is forbidden unless resourceVersion is provided')
    if (options.continue) yield matchForbidden('resourceVersionMatch is forbidden when continue is provided')
    if (!['Exact', 'NotOlderThan'].includes(match)) {
      yield notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', ''])
    }
    if (match === 'Exact' && options.resourceVersion === '0') {
      yield matchForbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    }
  }
  if (sendInitialEvents !== undefined)
    yield fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')
}

function* validateWatch(options: ListOptions): Iterable<FieldError> {
  const { resourceVersionMatch: match, sendInitialEvents } = options
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    yield matchForbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  }
  if (!match) return
  if (sendInitialEvents === undefined) {
    yield matchForbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  }
  if (match !== 'NotOlderThan') yield notSupported('resourceVersionMatch', match, ['NotOlderThan'])
  if (options.continue) yield matchForbidden('resourceVersionMatch is forbidden when continue is provided')
}

const matchForbidden = (detail: string): FieldError => fieldForbidden('resourceVersionMatch', detail)
