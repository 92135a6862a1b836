import { type Frozen, type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import { conflict, notFound } from '../../apimachinery/status.ts'
import type { Entry } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { admissionAttributes } from './admit.ts'
import { type Answer, StoredObject } from './answer.ts'
import type { DeleteOptions } from './delete-options.ts'
import { finalizersFor, sameFinalizers } from './finalizers.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** DELETE of one object. */
export async function deleteObject(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
): Promise<Answer> {
  const { namespace, name } = call.info
  return deleteNamed(registry, resource, call, options, { namespace, name })
}

/** Deletes one object; also each of a collection's. */
export async function deleteNamed(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Answer> {
  const key = storageKey(resource.definition, namespace, name)
  let entry = await registry.store.get(key)
  for (;;) {
    if (!entry) throw notFound(resource.groupResource, name)
    const attempt = await deleteEntry(registry, resource, call, options, entry)
    if ('type' in attempt) return attempt
    entry = attempt.current
  }
}

type Attempt = Answer | { readonly current: Entry | undefined }

async function deleteEntry(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  entry: Entry,
): Promise<Attempt> {
  const old = resource.codec.decodeEntry(entry)
  checkPreconditions(resource, options, old)
  await admitDelete(registry, resource, call, options, old)
  const plan = resource.hooks.planDelete?.(old, options, registry.env) ?? planDelete(registry, resource, options, old)
  switch (plan.action) {
    case 'leave': {
      const kept = new StoredObject(resource, entry.value, entry.modRevision, old)
      return plan.held ? objectAnswer(resource, options, kept, false) : removedAnswer(resource, options, kept, false)
    }
    case 'mark':
      return mark(registry, resource, options, entry, plan.object, false)
    case 'mark-and-remove':
      return markAndRemove(registry, resource, call, options, entry, plan.object)
    case 'remove':
      return remove(registry, resource, call, options, entry)
  }
}

/** Asks whether an object may go. As upstream, nobody is asked again who admitted an eviction, and of a collection nobody is told names. */
async function admitDelete(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  oldObject: Frozen<KubeObject>,
): Promise<void> {
  if (call.info.subresource === 'eviction' || registry.admission.idle('DELETE')) return
  const told = { ...options, raw: { ...options.raw, ...filledIn(resource, options, oldObject) } }
  const { name } = call.info
  const attributes = admissionAttributes(resource, call, 'DELETE', { oldObject, options: told, name })
  await registry.admission.mutate(attributes)
  await registry.admission.validate(attributes)
}

/** What upstream fills into the options before it asks: the grace period that an object has by itself, the uid of a namespace. */
function filledIn(
  { definition }: ServedResource,
  { gracePeriodSeconds, preconditions }: DeleteOptions,
  old: Frozen<KubeObject>,
): Partial<DeleteOptions> {
  const { metadata } = old
  const isAsked = gracePeriodSeconds !== undefined || metadata.deletionTimestamp
  const grace = isAsked ? undefined : definition.gracePeriodSeconds?.(old, undefined)
  const isNamespace = definition.group === '' && definition.plural === 'namespaces'
  return {
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(isNamespace && metadata.uid && { preconditions: { uid: metadata.uid, ...preconditions } }),
  }
}

/** What a DELETE does to an object. */
export type DeletePlan =
  /** Deletion is under way already and nothing changes. */
  | {
      readonly action: 'leave'
      /** By finalizers, not by a grace period: the answer is the object. */
      readonly held?: boolean
    }
  /** It gets a deletionTimestamp (or other finalizers) and waits. */
  | { readonly action: 'mark'; readonly object: KubeObject }
  /** It is marked, so that watchers see it go, and removed at once. */
  | { readonly action: 'mark-and-remove'; readonly object: KubeObject }
  | { readonly action: 'remove' }

/** Upstream's rest.BeforeDelete and updateForGracefulDeletionAndFinalizers as one decision. */
function planDelete(
  registry: Registry,
  { definition }: ServedResource,
  options: DeleteOptions,
  old: Frozen<KubeObject>,
): DeletePlan {
  const now = registry.env.clock.now()
  const asked =
    options.gracePeriodSeconds === undefined
      ? undefined
      : options.gracePeriodSeconds < 0
        ? 1
        : options.gracePeriodSeconds
  const grace = definition.gracePeriodSeconds?.(old, asked)
  const graceful = grace === undefined ? 'no' : shorten(old, asked, grace, now)
  if (graceful === 'pending') return { action: 'leave' }
  const finalizers = finalizersFor(definition, options, old)
  const draft = draftOf(old)
  if (!sameFinalizers(finalizers, old.metadata.finalizers ?? [])) draft.metadata.finalizers = finalizers
  if (graceful === 'no') {
    if (finalizers.length === 0) return { action: 'remove' }
    // Nothing would change, so nothing is written: or whoever deletes on each event would never come to rest.
    if (old.metadata.deletionTimestamp && draft.metadata.finalizers === old.metadata.finalizers)
      return { action: 'leave', held: true }
    return { action: 'mark', object: markDeleting(draft, now) }
  }
  const first = !old.metadata.deletionTimestamp
  draft.metadata.deletionTimestamp = timestamp(graceful.deletionMs)
  draft.metadata.deletionGracePeriodSeconds = graceful.seconds
  if (first && draft.metadata.generation) draft.metadata.generation++
  const waits = finalizers.length > 0 || graceful.seconds > 0
  return { action: waits ? 'mark' : 'mark-and-remove', object: draft }
}

type Graceful = 'no' | 'pending' | { readonly deletionMs: number; readonly seconds: number }

/** How long an object may still live: a grace period that has begun can only be shortened. */
function shorten({ metadata }: Frozen<KubeObject>, asked: number | undefined, grace: number, now: number): Graceful {
  if (!metadata.deletionTimestamp) return { deletionMs: now + grace * 1000, seconds: grace }
  const current = metadata.deletionGracePeriodSeconds ?? 0
  if (current === 0) return 'no'
  if (asked === undefined || asked >= current) return 'pending'
  const moved = Date.parse(metadata.deletionTimestamp) + (asked - current) * 1000
  if (moved >= now) return { deletionMs: moved, seconds: asked }
  return { deletionMs: now, seconds: asked === 0 ? 0 : 1 }
}

/** For kinds without a grace period that finalizers hold back. */
export function markDeleting(draft: KubeObject, now: number): KubeObject {
  const { metadata } = draft
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > now) {
    metadata.deletionTimestamp = timestamp(now)
  }
  metadata.deletionGracePeriodSeconds = 0
  return draft
}

/** A copy whose metadata may be changed; the rest is shared. */
export function draftOf(old: Frozen<KubeObject>): KubeObject {
  return { ...old, metadata: { ...old.metadata } } as KubeObject
}

function checkPreconditions(resource: ServedResource, options: DeleteOptions, { metadata }: Frozen<KubeObject>): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const kind = { group: resource.definition.group, resource: resource.definition.kind }
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      kind,
      metadata.name ?? '',
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      kind,
      metadata.name ?? '',
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    )
  }
}

async function mark(
  registry: Registry,
  resource: ServedResource,
  options: DeleteOptions,
  entry: Entry,
  object: KubeObject,
  deleted: boolean,
): Promise<Attempt> {
  const value = resource.codec.encode(object)
  if (options.dryRun)
    return objectAnswer(resource, options, new StoredObject(resource, value, entry.modRevision), deleted)
  const result = await registry.store.write({ key: entry.key, value, expect: entry.modRevision })
  if (!result.ok) return { current: result.current }
  return objectAnswer(resource, options, new StoredObject(resource, value, result.revision), deleted)
}

async function markAndRemove(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  entry: Entry,
  object: KubeObject,
): Promise<Attempt> {
  if (options.dryRun) return mark(registry, resource, options, entry, object, true)
  const value = resource.codec.encode(object)
  const marked = await registry.store.write({ key: entry.key, value, expect: entry.modRevision })
  if (!marked.ok) return { current: marked.current }
  const removed = await registry.store.write({ key: entry.key, value: null, expect: marked.revision })
  if (!removed.ok && removed.current) return { current: removed.current }
  const revision = removed.ok ? removed.revision : marked.revision
  return finish(registry, resource, call, options, new StoredObject(resource, value, revision))
}

async function remove(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  entry: Entry,
): Promise<Attempt> {
  if (options.dryRun) {
    return removedAnswer(resource, options, new StoredObject(resource, entry.value, entry.modRevision))
  }
  const result = await registry.store.write({ key: entry.key, value: null, expect: entry.modRevision })
  if (!result.ok) return { current: result.current }
  return finish(registry, resource, call, options, new StoredObject(resource, entry.value, result.revision))
}

async function finish(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  gone: StoredObject,
): Promise<Answer> {
  await resource.hooks.afterDelete?.(gone.object(), { registry, call, dryRun: false })
  return removedAnswer(resource, options, gone)
}

function statusCode(options: DeleteOptions, deleted: boolean): number {
  return !deleted && options.orphanDependents === false ? 202 : 200
}

function objectAnswer(
  resource: ServedResource,
  options: DeleteOptions,
  object: StoredObject,
  deleted: boolean,
): Answer {
  return { type: 'object', status: statusCode(options, deleted), resource, object }
}

/** The object itself for the kinds that return it, a Status that names it for the others. */
function removedAnswer(resource: ServedResource, options: DeleteOptions, gone: StoredObject, deleted = true): Answer {
  if (resource.definition.returnsDeletedObject) return objectAnswer(resource, options, gone, deleted)
  const { name, uid } = gone.object().metadata
  const { group, plural } = resource.definition
  return {
    type: 'value',
    status: statusCode(options, deleted),
    value: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, ...(group && { group }), kind: plural, uid },
    },
  }
}
