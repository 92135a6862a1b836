import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { conflict, hasReason, invalid, invalidObject, notFound } from '../../apimachinery/status.ts'
import { type Entry, type MaybePromise, mayHaveHappened } from '../../store/store.ts'
import type { AdmissionAttributes } from '../admission/types.ts'
import type { Call } from '../request/call.ts'
import { admissionAttributes } from './admit.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { mayCreate } from './authorize.ts'
import { beforeUpdate } from './before.ts'
import { NeedsConversion } from './conversions.ts'
import { whenReady } from './do-again.ts'
import { insert } from './create.ts'
import { equalBytes } from './equal.ts'
import { differInTimesAlone } from './managed-fields.ts'
import { wipeSystemFields } from './metadata.ts'
import type { WriteOptions } from './options.ts'
import { bareError } from './revision.ts'
import { type Registry, type ServedResource, storageKey, type WriteHold } from './served.ts'

/** Upstream's words for a stale resourceVersion. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

/** How the new object comes about. */
export interface Change {
  /**
   * Makes the new object, mutating admission included: a draft of its own on each call. `current` is undefined when there is none.
   * Throws to refuse.
   */
  next(current: Frozen<KubeObject> | undefined): MaybePromise<KubeObject>
  /** The uid the object must have. */
  readonly uid?: string | undefined
  /** Whether an absent object is created, as apply does. */
  readonly createsAbsent: boolean
  /** Throws what is wrong with the change itself, which is told before that there is nothing to be changed. */
  refuseAbsent?(): void
  /** What validating admission sees when the request is for another kind than the resource's, such as a Scale. */
  readonly shown?: { readonly kind: AdmissionAttributes['kind']; of(object: Frozen<KubeObject>): KubeObject }
}

/** What a change works with. */
interface Work {
  readonly registry: Registry
  readonly resource: ServedResource
  readonly call: Call
  readonly options: WriteOptions
  readonly how: Change
}

/** Reads, changes and writes until no other write came between (upstream's GuaranteedUpdate around rest.Update). */
export async function change(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  how: Change,
): Promise<ObjectAnswer> {
  const work = { registry, resource, call, options, how }
  const key = storageKey(resource.definition, call.info.namespace, call.info.name)
  let entry = await registry.store.get(key)
  for (let tries = 0; ; tries++) {
    // Most changes are made at once; who has to try again stops when nobody waits for it any more.
    if (tries > 0) call.signal.throwIfAborted()
    if (!entry) {
      const created = await createAbsent(work, key)
      if (created) return created
      entry = await registry.store.get(key)
      continue
    }
    const attempt = await changeEntry(work, entry)
    if (attempt instanceof StoredObject) return { type: 'object', status: 200, resource, object: attempt }
    entry = attempt.current
  }
}

/** Undefined when someone else has created it meanwhile: then it is to be changed. */
async function createAbsent(
  { registry, resource, call, options, how }: Work,
  key: string,
): Promise<ObjectAnswer | undefined> {
  const { name } = call.info
  if (!how.createsAbsent) {
    how.refuseAbsent?.()
    throw notFound(resource.groupResource, name)
  }
  if (how.uid) throw conflict(resource.groupResource, name, uidMismatch(key, how.uid, ''))
  await mayCreate(registry, call)
  const draft = await nextOf(how, undefined)
  wipeSystemFields(draft)
  delete draft.metadata.resourceVersion
  try {
    const object = await insert(registry, resource, call, options, draft)
    return { type: 'object', status: 201, resource, object }
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return undefined
    throw error
  }
}

/** The new object; begun again when another version of it has to be waited for. */
async function nextOf(how: Change, current: Frozen<KubeObject> | undefined): Promise<KubeObject> {
  for (;;) {
    try {
      return await how.next(current)
    } catch (error) {
      if (!(error instanceof NeedsConversion)) throw error
      await error.ready()
    }
  }
}

/** Someone else wrote in between: the change is made again on what is there now, which refuses a version that the client named. */
interface Lost {
  readonly current: Entry | undefined
}

async function changeEntry(work: Work, entry: Entry): Promise<StoredObject | Lost> {
  const { resource, call, options, how } = work
  const old = resource.codec.decodeEntry(entry)
  if (how.uid && how.uid !== old.metadata.uid) {
    throw conflict(resource.groupResource, call.info.name, uidMismatch(entry.key, how.uid, old.metadata.uid ?? ''))
  }
  const draft = await nextOf(how, old)
  checkRevision(resource, call, draft, entry)
  const hold = await begin(work, draft, old)
  try {
    const result = await validateAndPut(work, entry, draft, old)
    if (!hold) return result
    if (result instanceof StoredObject) await settle(hold, draft, options)
    else await hold.undo()
    return result
  } catch (error) {
    if (!mayHaveHappened(error)) await hold?.undo()
    throw error
  }
}

async function begin(
  { registry, resource, call, options }: Work,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): Promise<WriteHold | undefined> {
  if (call.info.subresource) return undefined
  return resource.hooks.beginUpdate?.(draft, old, { registry, call, dryRun: options.dryRun })
}

/** Makes what a hook holds final, unless nothing was really written. */
export async function settle(
  hold: WriteHold,
  draft: KubeObject,
  { dryRun }: Pick<WriteOptions, 'dryRun'>,
): Promise<void> {
  if (dryRun) await hold.undo()
  else await hold.commit(draft)
}

/** In the words of upstream's storage. */
export function uidMismatch(key: string, asked: string, there: string): string {
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${there}`
}

/** The version that the client names must be the newest; one that names none takes what there is. */
function checkRevision(
  { definition, groupResource }: ServedResource,
  call: Call,
  draft: KubeObject,
  entry: Entry,
): void {
  const sent = draft.metadata.resourceVersion
  if (sent && sent !== '0') {
    if (!/^\d{1,19}$/.test(sent)) throw bareError(`strconv.ParseUint: parsing ${JSON.stringify(sent)}: invalid syntax`)
    if (sent !== String(entry.modRevision)) throw conflict(groupResource, call.info.name, MODIFIED)
    return
  }
  if (definition.requireResourceVersionOnUpdate) {
    const kind = { group: groupResource.group, kind: groupResource.resource }
    throw invalidObject(kind, call.info.name, [
      invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  }
  draft.metadata.resourceVersion = String(entry.modRevision)
}

async function validateAndPut(
  work: Work,
  entry: Entry,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): Promise<StoredObject | Lost> {
  const { registry, resource, call, options, how } = work
  const { forbids } = resource.hooks
  const found = forbids && (await forbids(draft, old, { registry, call, dryRun: options.dryRun }))
  const later = whenReady(() => beforeUpdate(registry, resource, call, options, draft, old, found))
  if (later) await later
  if (!registry.admission.idle('UPDATE')) {
    const { kind, of = (object: Frozen<KubeObject>) => object as KubeObject } = how.shown ?? {}
    const subject = { object: of(draft), oldObject: of(old), options, ...(kind && { kind }) }
    await registry.admission.validate(admissionAttributes(resource, call, 'UPDATE', subject))
  }
  if (isLastFinalizerGone(draft, old) && (resource.hooks.removesEmptied?.(draft) ?? true)) {
    return removeEmptied(work, entry, draft)
  }
  return put(work, entry, draft, old)
}

/** Deletion was asked for earlier and waited for finalizers, and this update removes the last one. */
function isLastFinalizerGone({ metadata }: KubeObject, { metadata: old }: Frozen<KubeObject>): boolean {
  if ((metadata.finalizers ?? []).length > 0 || !old.deletionTimestamp) return false
  return (old.deletionGracePeriodSeconds ?? 0) === 0
}

/** The client still gets the object it sent, as the answer to its update; with the revision that it had. */
async function removeEmptied(
  { registry, resource, call, options }: Work,
  entry: Entry,
  draft: KubeObject,
): Promise<StoredObject | Lost> {
  const value = resource.codec.encode(draft)
  if (options.dryRun) return new StoredObject(resource, value, entry.modRevision)
  const result = await registry.store.write({ key: entry.key, value: null, expect: entry.modRevision })
  if (!result.ok) return { current: result.current }
  await resource.hooks.afterDelete?.(resource.codec.decodeEntry(entry), { registry, call, dryRun: false })
  return new StoredObject(resource, value, entry.modRevision)
}

/** Writes when something changed: an update to the same gives no new revision. */
async function put(
  { registry, resource, options }: Work,
  entry: Entry,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): Promise<StoredObject | Lost> {
  const value = resource.codec.encode(draft)
  if (!entry.outdated && isSame(resource, value, entry, draft, old))
    return new StoredObject(resource, entry.value, entry.modRevision, old)
  if (options.dryRun) return new StoredObject(resource, value, entry.modRevision)
  const { ttlMs } = resource.definition
  const write = { key: entry.key, value, expect: entry.modRevision, ...(ttlMs !== undefined && { ttlMs }) }
  const result = await registry.store.write(write)
  return result.ok ? new StoredObject(resource, result.value ?? value, result.revision) : { current: result.current }
}

/** Whether a write changes nothing, times in managedFields aside; those have one length, so most writes are told apart by theirs. */
function isSame(
  { codec }: ServedResource,
  value: Uint8Array,
  entry: Entry,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): boolean {
  if (value.length !== entry.value.length) return false
  if (equalBytes(value, entry.value)) return true
  if (!differInTimesAlone(draft, old)) return false
  const untimed = { ...draft, metadata: { ...draft.metadata, managedFields: old.metadata.managedFields } }
  return equalBytes(codec.encode(untimed as Frozen<KubeObject>), entry.value)
}
