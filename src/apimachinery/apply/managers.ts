import type { Frozen, ManagedFieldsEntry } from '../meta.ts'
import { ParseError } from '../parse-error.ts'
import { EMPTY_SET, isLeaf, parseFieldSet, sortedSet, union } from './field-set.ts'
import type { FieldSet } from './field-set.ts'

/** What one manager owns. */
export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource: string
  /** The version whose fields the set names. */
  readonly apiVersion: string
  readonly set: FieldSet
  /** When it last changed something; undefined for never told. */
  readonly time: string | undefined
}

/** Managers by identity. Treated as a value: functions make new ones. */
export type Managers = ReadonlyMap<string, Ownership>

/** What tells managers apart, as upstream spells it; conflicts are listed in its order. */
export function managerId(owner: Pick<Ownership, 'manager' | 'operation' | 'subresource' | 'apiVersion'>): string {
  const { manager, operation, subresource, apiVersion } = owner
  return JSON.stringify({
    ...(manager && { manager }),
    operation,
    ...(operation === 'Update' && { apiVersion }),
    ...(subresource && { subresource }),
  })
}

/**
 * Reads managedFields; those that were written here need not be parsed. Throws ParseError for entries that upstream
 * refuses.
 */
export function decodeManagers(
  entries: Frozen<ManagedFieldsEntry[]> | undefined,
  { writtenHere = false } = {},
): Map<string, Ownership> {
  const managers = new Map<string, Ownership>()
  for (const [index, entry] of (entries ?? []).entries()) {
    const { manager = '', operation, subresource = '', apiVersion = '', fieldsType, fieldsV1, time } = entry
    if (operation !== 'Apply' && operation !== 'Update') throw new ParseError('operation must be `Apply` or `Update`')
    if (apiVersion === '') throw new ParseError('apiVersion must not be empty')
    if (fieldsType !== 'FieldsV1')
      throw new ParseError(
        fieldsType
          ? `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`
          : `missing fieldsType in managed fields entry ${index}`,
      )
    const set = writtenHere ? ((fieldsV1 ?? EMPTY_SET) as FieldSet) : parseFieldSet(fieldsV1)
    const owner = { manager, operation, subresource, apiVersion, set, time }
    managers.set(managerId(owner), owner)
  }
  return managers
}

/** Writes managedFields, in upstream's order; undefined when nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  return [...managers.values()].sort(inOrder).map(entryOf)
}

/** The entries of writes to a subresource with the times they had before, or none: upstream loses those on the way to the object and back. */
export function withTimesOf(
  before: Frozen<ManagedFieldsEntry[]> | undefined,
  entries: Frozen<ManagedFieldsEntry[]>,
  subresource: string,
): ManagedFieldsEntry[] | undefined {
  const [old, now] = [decodeManagers(before, { writtenHere: true }), decodeManagers(entries, { writtenHere: true })]
  for (const [id, owner] of now) {
    if (owner.subresource === subresource) now.set(id, { ...owner, time: old.get(id)?.time })
  }
  return encodeManagers(now)
}

function entryOf({ manager, operation, apiVersion, time, set, subresource }: Ownership): ManagedFieldsEntry {
  return {
    ...(manager && { manager }),
    operation,
    apiVersion,
    ...(time && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: sortedSet(set) as Record<string, unknown>,
    ...(subresource && { subresource }),
  }
}

function inOrder(a: Ownership, b: Ownership): number {
  return (
    byText(a.operation, b.operation) ||
    seconds(a) - seconds(b) ||
    byText(a.manager, b.manager) ||
    byText(a.apiVersion, b.apiVersion) ||
    byText(a.subresource, b.subresource)
  )
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const seconds = ({ time }: Ownership): number => (time ? Date.parse(time) / 1000 : 0)

const MAX_UPDATERS = 10
const OLD_UPDATES = 'ancient-changes'

/** Keeps at most ten managers of updates: the oldest of a version are put together as `ancient-changes`. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers].filter(([, owner]) => owner.operation === 'Update')
  if (updaters.length <= MAX_UPDATERS) return managers
  updaters.sort(([a, x], [b, y]) => seconds(x) - seconds(y) || byText(a, b))
  const capped = new Map(managers)
  const first = new Map<string, string>()
  let left = updaters.length
  for (const [id, owner] of updaters) {
    if (left <= MAX_UPDATERS) break
    const { apiVersion } = owner
    const oldest = first.get(apiVersion)
    if (oldest === undefined) {
      first.set(apiVersion, id)
      continue
    }
    const bucket = { manager: OLD_UPDATES, operation: 'Update', subresource: '', apiVersion } as const
    const bucketId = managerId(bucket)
    const held = capped.get(bucketId) ?? capped.get(oldest)
    if (!capped.has(bucketId)) capped.delete(oldest)
    capped.delete(id)
    capped.set(bucketId, { ...bucket, set: union(owner.set, held?.set ?? owner.set), time: owner.time })
    left--
  }
  return capped
}

/** The managers with one's set replaced; a manager of nothing goes. */
export function withSet(managers: Map<string, Ownership>, id: string, owner: Ownership): void {
  if (isLeaf(owner.set)) managers.delete(id)
  else managers.set(id, owner)
}
