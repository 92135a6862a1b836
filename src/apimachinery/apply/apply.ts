/** Server-side apply. */
import { equalJson } from '../../lib/json-value.ts'
import { planOf } from '../codec/plan.ts'
import type { Frozen, KubeObject } from '../meta.ts'
import { ParseError } from '../parse-error.ts'
import { badRequest, StatusError } from '../status.ts'
import type { StructSchema } from '../schema.ts'
import { ApplyConflicts } from './conflict.ts'
import { difference, EMPTY_SET, intersection, isLeaf, recursiveDifference, union } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { lastAppliedOf, ownedByLastApplied, withLastApplied } from './last-applied.ts'
import { UnidentifiedItem } from './list-item.ts'
import { encodeManagers, managerId, withSet } from './managers.ts'
import type { Managers, Ownership } from './managers.ts'
import { merge } from './merge.ts'
import { removeItems, withNamedFields } from './remove.ts'
import { toFieldSet } from './to-field-set.ts'
import { Changes, managersBefore, moveOwnership, ownable, updateManagers } from './update.ts'
import type { ManagedWrite } from './update.ts'
import { shapeProblems } from './validate.ts'

export interface ApplyRequest extends ManagedWrite {
  readonly kind: string
  /** Take fields from other managers instead of failing. */
  readonly force: boolean
}

export interface Applied {
  /** The object to be written, with its managedFields; not yet decoded or defaulted. It shares parts of both inputs. */
  readonly object: KubeObject
  /** Nothing but perhaps ownership changed. */
  readonly unchanged: boolean
}

/**
 * Applies a configuration to a live object. `live` must be plain parsed JSON as the API prints it (kept bytes,
 * JSON.parse), undefined when there is none; `applied` is the configuration as the client wrote it.
 *
 * Throws StatusError: 400 for a configuration that is not of the kind or brings managedFields, 409 with a cause for each
 * conflict, 500 as upstream for one that the schema does not know.
 */
export function applyPatch(
  live: Frozen<KubeObject> | undefined,
  applied: Frozen<KubeObject>,
  request: ApplyRequest,
): Applied {
  checkConfiguration(applied, request)
  const before = live ?? emptyObject(request)
  try {
    const managers = startingManagers(live, request)
    return withKubectlAnnotation(applyForcingMigrated(before, applied, managers, request), applied, request)
  } catch (error) {
    if (error instanceof UnidentifiedItem && live) throw unmanageable(live, request)
    throw error instanceof ApplyConflicts ? error.toStatusError() : error
  }
}

/** What is kept came from a client that did not apply, and so need not be what can be applied to. */
function unmanageable(live: Frozen<KubeObject>, request: ApplyRequest): StatusError {
  const { namespace = '', name = '' } = live.metadata
  const what = `${namespace}/${name}; ${groupVersionKind(request)}`
  const problems = shapeProblems(request.schema, live)
  return unexpected(
    `failed to create manager for existing fields: failed to convert new object (${what}) to smd typed: ${problems}`,
  )
}

/** A configuration is not looked at before, and may have anything anywhere. */
const textOr = (value: unknown): string => (typeof value === 'string' ? value : '')

export const groupVersionKind = ({ apiVersion, kind }: Pick<ApplyRequest, 'apiVersion' | 'kind'>): string =>
  `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`

function checkConfiguration(applied: Frozen<KubeObject>, request: ApplyRequest): void {
  const { apiVersion, kind, schema } = request
  if (applied.apiVersion !== apiVersion || applied.kind !== kind) {
    const given = { apiVersion: textOr(applied.apiVersion), kind: textOr(applied.kind) }
    throw badRequest(`invalid object type: ${groupVersionKind(given)}`)
  }
  const metadata = applied.metadata as KubeObject['metadata'] | null | undefined
  if (metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  const problems = shapeProblems(schema, applied)
  if (problems === undefined) return
  const name = `${textOr(metadata?.namespace)}/${textOr(metadata?.name)}`
  throw unexpected(`failed to create typed patch object (${name}; ${groupVersionKind(request)}): ${problems}`)
}

const unexpected = (message: string): StatusError =>
  new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })

/** What a kind's object is before anything is set. */
function emptyObject({ schema, apiVersion, kind }: ApplyRequest): Frozen<KubeObject> {
  return { ...(JSON.parse(planOf(schema).zero) as KubeObject), apiVersion, kind }
}

/** The managers of the live object; if nobody tracked it, all that it has belongs to `before-first-apply`. */
function startingManagers(live: Frozen<KubeObject> | undefined, request: ApplyRequest): Map<string, Ownership> {
  try {
    const managers = managersBefore(live?.metadata.managedFields, request, true)
    if (managers.size > 0 || !live) return managers
    const changes = new Changes(request, { metadata: {} }, live, 'printed')
    return new Map(updateManagers(managers, changes, { ...request, manager: 'before-first-apply' }))
  } catch (error) {
    if (error instanceof ParseError) throw unexpected(`failed to decode managed fields: ${error.message}`)
    throw error
  }
}

/** What one attempt comes to. */
interface Attempt {
  readonly object: Frozen<KubeObject>
  readonly managers: Managers
  readonly unchanged: boolean
}

/**
 * Applies; where the manager is `kubectl`, fields that it owns only by its client-side annotation are no conflict, so
 * that an object moves from client-side to server-side apply.
 */
function applyForcingMigrated(
  live: Frozen<KubeObject>,
  applied: Frozen<KubeObject>,
  managers: Map<string, Ownership>,
  request: ApplyRequest,
): Attempt {
  try {
    return attempt(live, applied, new Map(managers), request)
  } catch (error) {
    if (!(error instanceof ApplyConflicts) || request.manager !== 'kubectl') throw error
    const owned = ownedByLastApplied(live, request)
    if (!owned) throw error
    const left = error.without(owned)
    if (left.length > 0) throw new ApplyConflicts(left)
    return attempt(live, applied, new Map(managers), { ...request, force: true })
  }
}

function attempt(
  live: Frozen<KubeObject>,
  applied: Frozen<KubeObject>,
  managers: Map<string, Ownership>,
  request: ApplyRequest,
): Attempt {
  const { schema, apiVersion, manager, subresource = '', ignored } = request
  const merged = merge(schema, live, applied)
  const identity = { manager: manager || 'unknown', operation: 'Apply', subresource, apiVersion } as const
  const id = managerId(identity)
  const last = managers.get(id)
  const set = recursiveDifference(toFieldSet(schema, applied), ignored ?? EMPTY_SET)
  const owner = { ...identity, set, time: last?.time }
  managers.set(id, owner)
  const object = (last ? prune(schema, merged, managers, last) : merged) as Frozen<KubeObject>
  moveOwnership(managers, new Changes(request, live, object, 'literal'), id, request.force)
  const unchanged = equalJson(live, object)
  withSet(managers, id, { ...owner, set: ownable(set), time: unchanged ? owner.time : request.now })
  return { object, managers, unchanged }
}

/** Removes what the manager applied before, applies no more, and nobody else owns. */
function prune(schema: StructSchema, merged: unknown, managers: Managers, last: Ownership): unknown {
  const applied = withNamedFields(schema, last.set)
  const owned = withNamedFields(
    schema,
    [...managers.values()].reduce<FieldSet>((all, { set }) => union(all, set), EMPTY_SET),
  )
  if (isLeaf(difference(applied, owned))) return merged
  const setOf = (value: unknown): FieldSet => withNamedFields(schema, toFieldSet(schema, value))
  const mergedSet = setOf(merged)
  // What was applied goes, with all that is in it; what somebody owns is put back ...
  const without = removeItems(schema, merged, applied)
  const putBack = removeItems(schema, merged, difference(mergedSet, union(setOf(without), owned)))
  // ... and so is what nobody owns but was not applied either.
  return removeItems(schema, merged, intersection(difference(mergedSet, setOf(putBack)), applied))
}

/** Keeps the client-side annotation current on objects that have it, and puts the managers in. */
function withKubectlAnnotation(result: Attempt, applied: Frozen<KubeObject>, request: ApplyRequest): Applied {
  const { object, managers, unchanged } = result
  const managedFields = encodeManagers(managers)
  const annotated = request.manager === 'kubectl' && lastAppliedOf(object) ? withLastApplied(object, applied) : object
  const { managedFields: _, ...metadata } = (annotated.metadata as KubeObject['metadata'] | null) ?? {}
  return {
    object: { ...annotated, metadata: { ...metadata, ...(managedFields && { managedFields }) } } as KubeObject,
    unchanged: unchanged && annotated === object,
  }
}
