import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { conflict, invalid, invalidObject, notFound } from '../../apimachinery/status.ts'
import type { Entry, MaybePromise } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { admissionAttributes } from './admit.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { beforeUpdate } from './before.ts'
import { readObject } from './body.ts'
import { deepCopy } from './codec.ts'
import { insert } from './create.ts'
import { equalBytes, equalJson } from './equal.ts'
import { dedupOwnerReferences, matchName, matchNamespace, wipeSystemFields } from './metadata.ts'
import type { WriteOptions } from './options.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** Upstream's words for a stale resourceVersion. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

/** How the new object comes about. */
export interface Change {
  /** Makes the new object, a draft of its own on each call; `current` is undefined when there is none. Throws to refuse. */
  next(current: Frozen<KubeObject> | undefined): MaybePromise<KubeObject>
  /** The uid the object must have. */
  readonly uid?: string | undefined
  /** Whether an absent object is created, as apply does. */
  readonly createsAbsent: boolean
}

/** PUT of an object or of its status. */
export async function updateObject(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const sent = await readObject(registry, resource, call, options)
  const { name, namespace } = call.info
  matchNamespace(resource.definition, sent, namespace)
  matchName(sent, name, namespace)
  dedupOwnerReferences(sent, call, false)
  return change(registry, resource, call, options, {
    next: () => deepCopy(sent),
    uid: sent.metadata.uid,
    createsAbsent: call.info.subresource === '' && resource.definition.allowCreateOnUpdate,
  })
}

/** Reads, changes and writes until no other write came between (upstream's GuaranteedUpdate around rest.Update). */
export async function change(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  how: Change,
): Promise<ObjectAnswer> {
  const key = storageKey(resource.definition, call.info.namespace, call.info.name)
  let entry = await registry.store.get(key)
  for (;;) {
    call.signal.throwIfAborted()
    if (!entry) return createAbsent(registry, resource, call, options, how)
    const attempt = await changeEntry(registry, resource, call, options, how, entry)
    if ('answer' in attempt) return attempt.answer
    entry = attempt.current
  }
}

async function createAbsent(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  how: Change,
): Promise<ObjectAnswer> {
  const { groupResource } = resource
  const { name } = call.info
  if (how.uid) {
    throw conflict(groupResource, name, `Precondition failed: UID in precondition: ${how.uid}, UID in object meta: `)
  }
  if (!how.createsAbsent) throw notFound(groupResource, name)
  const draft = await how.next(undefined)
  if (!registry.admission.idle('CREATE')) {
    await registry.admission.mutate(admissionAttributes(resource, call, 'CREATE', { object: draft, options }))
    dedupOwnerReferences(draft, call, true)
  }
  wipeSystemFields(draft)
  delete draft.metadata.resourceVersion
  const object = await insert(registry, resource, call, options, draft)
  return { type: 'object', status: 201, resource, object }
}

type Attempt = { readonly answer: ObjectAnswer } | { readonly current: Entry | undefined }

async function changeEntry(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  how: Change,
  entry: Entry,
): Promise<Attempt> {
  const { codec, hooks } = resource
  const old = codec.decodeEntry(entry)
  checkUid(resource, call, how.uid, old)
  const draft = await how.next(old)
  if (!registry.admission.idle('UPDATE')) {
    await registry.admission.mutate(
      admissionAttributes(resource, call, 'UPDATE', { object: draft, oldObject: old, options }),
    )
    dedupOwnerReferences(draft, call, true)
  }
  const unconditional = checkRevision(resource, call, draft, entry)
  const hold = await hooks.beginUpdate?.(draft, old, call, options.dryRun)
  try {
    beforeUpdate(registry, resource, call, options, draft, old)
    if (!registry.admission.idle('UPDATE')) {
      await registry.admission.validate(
        admissionAttributes(resource, call, 'UPDATE', { object: draft, oldObject: old, options }),
      )
    }
    if (isLastFinalizerGone(draft, old) && (hooks.removesEmptied?.(draft) ?? true)) {
      const gone = await removeEmptied(registry, resource, call, options, entry, draft)
      if (gone) hold?.commit(draft)
      return gone ?? (await again(registry, entry))
    }
    const stored = await put(registry, resource, options, entry, draft, old)
    if (stored instanceof StoredObject) {
      if (options.dryRun) hold?.undo()
      else hold?.commit(draft)
      return { answer: { type: 'object', status: 200, resource, object: stored } }
    }
    hold?.undo()
    if (!unconditional) throw conflict(resource.groupResource, call.info.name, MODIFIED)
    return stored
  } catch (error) {
    hold?.undo()
    throw error
  }
}

async function again(registry: Registry, entry: Entry): Promise<Attempt> {
  return { current: await registry.store.get(entry.key) }
}

function checkUid(resource: ServedResource, call: Call, uid: string | undefined, old: Frozen<KubeObject>): void {
  if (!uid || uid === old.metadata.uid) return
  throw conflict(
    resource.groupResource,
    call.info.name,
    `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
  )
}

/** Whether the write may be tried again on a newer object: the client named no version. */
function checkRevision(resource: ServedResource, call: Call, draft: KubeObject, entry: Entry): boolean {
  const sent = draft.metadata.resourceVersion
  const { definition, groupResource } = resource
  if (!sent || sent === '0') {
    if (!definition.requireResourceVersionOnUpdate) return true
    const kind = { group: groupResource.group, kind: groupResource.resource }
    throw invalidObject(kind, call.info.name, [
      invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  }
  if (sent !== String(entry.modRevision)) throw conflict(groupResource, call.info.name, MODIFIED)
  return false
}

/** Deletion was asked for earlier and waited for finalizers, and this update removes the last one. */
function isLastFinalizerGone({ metadata }: KubeObject, { metadata: old }: Frozen<KubeObject>): boolean {
  if ((metadata.finalizers ?? []).length > 0 || !old.deletionTimestamp) return false
  return (old.deletionGracePeriodSeconds ?? 0) === 0
}

async function removeEmptied(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  entry: Entry,
  draft: KubeObject,
): Promise<Attempt | undefined> {
  const value = resource.codec.encode(draft)
  let revision = entry.modRevision
  if (!options.dryRun) {
    const result = await registry.store.write({ key: entry.key, value: null, expect: entry.modRevision })
    if (!result.ok) return undefined
    revision = result.revision
    await resource.hooks.afterDelete?.(resource.codec.decodeEntry(entry), call)
  }
  return { answer: { type: 'object', status: 200, resource, object: new StoredObject(resource, value, revision) } }
}

/** Writes when something changed: an update to the same gives no new revision. */
async function put(
  registry: Registry,
  resource: ServedResource,
  options: WriteOptions,
  entry: Entry,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): Promise<StoredObject | { readonly current: Entry | undefined }> {
  const value = resource.codec.encode(draft)
  if (isSame(value, entry.value, draft, old)) return new StoredObject(resource, entry.value, entry.modRevision, old)
  if (options.dryRun) return new StoredObject(resource, value, entry.modRevision)
  const ttlMs = resource.definition.ttlMs
  const write = { key: entry.key, value, expect: entry.modRevision, ...(ttlMs !== undefined && { ttlMs }) }
  const result = await registry.store.write(write)
  return result.ok ? new StoredObject(resource, value, result.revision) : { current: result.current }
}

function isSame(value: Uint8Array, stored: Uint8Array, draft: KubeObject, old: Frozen<KubeObject>): boolean {
  if (value.length !== stored.length) return false
  if (equalBytes(value, stored)) return true
  const { metadata: now, ...rest } = draft
  const { metadata: then, ...oldRest } = old
  const { resourceVersion: _a, ...meta } = now
  const { resourceVersion: _b, ...oldMeta } = then
  return equalJson(meta, oldMeta) && equalJson(rest, oldRest)
}
