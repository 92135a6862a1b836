/** How ownership moves with a write: upstream's structured-merge-diff updater and the field managers around it. */
import { equalJson } from '../../lib/json-value.ts'
import type { Frozen, KubeObject, ManagedFieldsEntry } from '../meta.ts'
import { ParseError } from '../parse-error.ts'
import type { StructSchema } from '../schema.ts'
import { compare } from './compare.ts'
import type { CompareOptions, Comparison } from './compare.ts'
import { ApplyConflicts, conflictsOf } from './conflict.ts'
import { EMPTY_SET, difference, intersection, isLeaf, setOfPaths, union } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { UnidentifiedItem } from './list-item.ts'
import { capUpdaters, decodeManagers, encodeManagers, managerId, withSet } from './managers.ts'
import type { Managers, Ownership } from './managers.ts'
import { reconcile } from './reconcile.ts'

/** The form that an object has in another version of its kind. */
export interface Converted {
  readonly schema: StructSchema
  readonly object: Frozen<KubeObject>
}

/** What a write is done with. */
export interface ManagedWrite {
  readonly schema: StructSchema
  /** The version of the objects given. */
  readonly apiVersion: string
  /** Who writes; `unknown` when empty. */
  readonly manager: string
  /** `status`, `scale`; empty for the object itself. */
  readonly subresource?: string
  /** metav1.Time of the write. */
  readonly now: string
  /** Paths that this way of writing resets, and so never owns (upstream's GetResetFields). */
  readonly ignored?: FieldSet
  /**
   * Gives an object in the version that another manager used; undefined when that version is no more, and its managers
   * go. Without it all versions are taken to have the same fields.
   */
  readonly convert?: (object: Frozen<KubeObject>, apiVersion: string) => Converted | undefined
}

/** The paths of `ignored` in ManagedWrite, from `status`, `metadata.labels`. */
export function resetFields(...paths: readonly string[]): FieldSet {
  return setOfPaths(paths.map((path) => path.split('.').map((name) => `f:${name}`)))
}

/** What nobody ever owns (upstream's stripMeta), and so need not be compared. */
const NEVER_OWNED = resetFields(
  'apiVersion',
  'kind',
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation'].map(
    (name) => `metadata.${name}`,
  ),
  'metadata.managedFields',
  'metadata.resourceVersion',
)
/** The same, and metadata as a whole; labels and the rest below it are owned. */
const STRIPPED = union(NEVER_OWNED, resetFields('metadata'))

const joined = new WeakMap<FieldSet, FieldSet>()

function notCompared(ignored: FieldSet | undefined): FieldSet {
  if (!ignored) return NEVER_OWNED
  let all = joined.get(ignored)
  if (!all) joined.set(ignored, (all = union(NEVER_OWNED, ignored)))
  return all
}

/** A comparison of the live and the new object in each version that a manager used. */
export class Changes {
  readonly #byVersion = new Map<string, Comparison | undefined>()
  readonly #write: ManagedWrite
  readonly #options: CompareOptions
  readonly #before: Frozen<KubeObject>
  readonly #after: Frozen<KubeObject>

  constructor(
    write: ManagedWrite,
    before: Frozen<KubeObject>,
    after: Frozen<KubeObject>,
    view: CompareOptions['view'],
  ) {
    this.#write = write
    this.#before = before
    this.#after = after
    this.#options = { view, ignored: notCompared(write.ignored) }
    this.#byVersion.set(write.apiVersion, compare(write.schema, before, after, this.#options))
  }

  /** Whether both objects are the same in what anybody can own. */
  get none(): boolean {
    const own = this.in(this.#write.apiVersion)
    return own !== undefined && isLeaf(own.changed) && isLeaf(own.removed)
  }

  /** Undefined when the version is no more. */
  in(apiVersion: string): Comparison | undefined {
    if (!this.#byVersion.has(apiVersion)) this.#byVersion.set(apiVersion, this.#converted(apiVersion))
    return this.#byVersion.get(apiVersion)
  }

  #converted(apiVersion: string): Comparison | undefined {
    const { convert, apiVersion: own } = this.#write
    if (!convert) return this.in(own)
    const before = convert(this.#before, apiVersion)
    const after = convert(this.#after, apiVersion)
    return (
      before &&
      after &&
      compare(after.schema, before.object, after.object, { view: this.#options.view, ignored: NEVER_OWNED })
    )
  }
}

/**
 * Takes what changed from all managers but one. What they lose by a change is a conflict, unless it is forced; what was
 * removed nobody owns any more. Throws ApplyConflicts.
 */
export function moveOwnership(
  managers: Map<string, Ownership>,
  changes: Changes,
  writer: string,
  force: boolean,
): void {
  const conflicts = new Map<string, FieldSet>()
  for (const [id, owner] of managers) {
    if (id === writer) continue
    const comparison = changes.in(owner.apiVersion)
    if (!comparison) managers.delete(id)
    else if (!isLeaf(comparison.changed)) {
      const lost = intersection(owner.set, comparison.changed)
      if (!isLeaf(lost)) conflicts.set(id, lost)
    }
  }
  if (!force && conflicts.size > 0)
    throw new ApplyConflicts([...conflicts].flatMap(([id, set]) => conflictsOf(id, managers.get(id) as Ownership, set)))
  for (const [id, owner] of managers) {
    if (id === writer) continue
    const kept = difference(owner.set, conflicts.get(id) ?? EMPTY_SET)
    const set = difference(kept, changes.in(owner.apiVersion)?.removed ?? EMPTY_SET)
    if (set !== owner.set) withSet(managers, id, { ...owner, set })
  }
}

/** The set without what nobody ever owns. */
export const ownable = (set: FieldSet): FieldSet => difference(set, STRIPPED)

/** The managers before a write, brought to the shape that the schema has now. Throws ParseError. */
export function managersBefore(
  entries: Frozen<ManagedFieldsEntry[]> | undefined,
  write: ManagedWrite,
  writtenHere = false,
): Map<string, Ownership> {
  const managers = decodeManagers(entries, { writtenHere })
  for (const [id, owner] of managers) {
    if (owner.apiVersion !== write.apiVersion) continue
    const set = reconcile(write.schema, owner.set)
    if (set !== owner.set) managers.set(id, { ...owner, set })
  }
  return managers
}

/** Who owns what after a write of `changes` that is no apply. */
export function updateManagers(managers: Map<string, Ownership>, changes: Changes, write: ManagedWrite): Managers {
  const { apiVersion, manager, subresource = '', now } = write
  moveOwnership(managers, changes, '', true)
  const set = ownable(changes.in(apiVersion)?.changed ?? EMPTY_SET)
  if (!isLeaf(set)) {
    const owner = { manager: manager || 'unknown', operation: 'Update', subresource, apiVersion } as const
    const id = managerId(owner)
    managers.set(id, { ...owner, set: union(set, managers.get(id)?.set ?? EMPTY_SET), time: now })
  }
  return capUpdaters(managers)
}

/**
 * The managedFields of an object that is created or updated, other than by apply. `live` is what is kept, undefined on
 * creation; `object` is to be written, with the managedFields that the client sent. Neither is changed. The result is
 * undefined when nothing is tracked.
 *
 * Upstream's rules: a client may hand in managedFields, but not with a subresource; an empty list (or one empty entry)
 * starts over; an object that is not tracked stays so; what cannot be read or compared is not tracked.
 */
export function recordUpdate(
  live: Frozen<KubeObject> | undefined,
  object: Frozen<KubeObject>,
  write: ManagedWrite,
): Frozen<ManagedFieldsEntry[]> | undefined {
  const given = givenManagers(live, object, write)
  if (given.none && live?.metadata.uid) return undefined
  try {
    const changes = new Changes(write, live ?? NOTHING_LIVE, object, 'printed')
    if (given.kept && changes.none) return given.kept
    return encodeManagers(updateManagers(given.managers(), changes, write))
  } catch (error) {
    if (error instanceof UnidentifiedItem) return undefined
    throw error
  }
}

const NOTHING_LIVE: Frozen<KubeObject> = { metadata: {} }

/** The managers that an update starts from. */
interface Given {
  /** Nobody is tracked. */
  readonly none: boolean
  /** The entries that are kept, when the client did not touch them. */
  readonly kept?: Frozen<ManagedFieldsEntry[]>
  managers(): Map<string, Ownership>
}

const NOBODY: Given = { none: true, managers: () => new Map() }

function givenManagers(live: Frozen<KubeObject> | undefined, object: Frozen<KubeObject>, write: ManagedWrite): Given {
  const kept = live?.metadata.managedFields
  const sent = object.metadata.managedFields
  if (!write.subresource && sent && !equalJson(sent, kept)) {
    if (startsOver(sent)) return NOBODY
    const managers = readable(sent, write)
    if (managers && managers.size > 0) return { none: false, managers: () => managers }
  }
  if (!kept || kept.length === 0) return NOBODY
  return { none: false, kept, managers: () => managersBefore(kept, write, true) }
}

/** An empty list, or a list of one empty entry. */
function startsOver(entries: Frozen<ManagedFieldsEntry[]>): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0)
}

function readable(entries: Frozen<ManagedFieldsEntry[]>, write: ManagedWrite): Map<string, Ownership> | undefined {
  try {
    return managersBefore(entries, write)
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}
