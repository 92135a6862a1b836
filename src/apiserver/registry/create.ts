import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { alreadyExists, hasReason, type StatusError } from '../../apimachinery/status.ts'
import { mayHaveHappened } from '../../store/store.ts'
import { whenReady } from './do-again.ts'
import type { Call } from '../request/call.ts'
import { admissionAttributes, mutate } from './admit.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { beforeCreate } from './before.ts'
import { deepCopy } from './codec.ts'
import { dedupOwnerReferences, fillSystemFields, generateName, matchNamespace, wipeSystemFields } from './metadata.ts'
import { readObject } from './body.ts'
import { settle } from './change.ts'
import { trackUpdate } from './managed-fields.ts'
import { bareError, isRevision } from './revision.ts'
import type { WriteOptions } from './options.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** Tries with a new random suffix when a generated name is taken (upstream: 8). */
const NAME_ATTEMPTS = 8

/** POST to a collection. */
export async function createObject(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const { definition } = resource
  const draft = await readObject(registry, resource, call, options)
  // 'namespaces' are created in themselves: admission and authorization see the new name as the namespace.
  const namespace = call.info.namespace
  wipeSystemFields(draft)
  matchNamespace(definition, draft, namespace)
  dedupOwnerReferences(draft, call, false)
  trackUpdate(registry, resource, call, options, draft, undefined)
  await mutate(registry, resource, call, options, draft, undefined)
  const object = await insertWithName(registry, resource, call, options, draft)
  return { type: 'object', status: 201, resource, object }
}

async function insertWithName(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
): Promise<StoredObject> {
  const { name, generateName: base } = draft.metadata
  if (name || !base) return insert(registry, resource, call, options, draft)
  for (let attempt = 1; ; attempt++) {
    try {
      return await insert(registry, resource, call, options, attempt < NAME_ATTEMPTS ? deepCopy(draft) : draft)
    } catch (error) {
      if (attempt === NAME_ATTEMPTS || !hasReason(error, 'AlreadyExists')) throw error
    }
  }
}

/** Completes, validates and stores an object that must not exist yet. Also the way of an update that creates. */
export async function insert(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
): Promise<StoredObject> {
  const { definition, codec, hooks } = resource
  const { metadata } = draft
  fillSystemFields(draft, registry.env)
  const prefix = metadata.generateName
  const generated = !metadata.name && prefix
  if (generated) metadata.name = generateName(generated, registry.env)
  const hold = await hooks.beginCreate?.(draft, { registry, call, dryRun: options.dryRun })
  try {
    const found = hooks.forbids && (await hooks.forbids(draft, undefined, { registry, call, dryRun: options.dryRun }))
    const later = whenReady(() => beforeCreate(registry, resource, call, options, draft, found))
    if (later) await later
    if (!registry.admission.idle('CREATE')) {
      await registry.admission.validate(admissionAttributes(resource, call, 'CREATE', { object: draft, options }))
    }
    const key = storageKey(definition, metadata.namespace ?? '', metadata.name ?? '')
    const value = codec.encode(draft)
    const stored = options.dryRun
      ? await dryInsert(registry, resource, key, value, draft)
      : await commit(registry, resource, key, value, draft)
    if (hold) await settle(hold, draft, options)
    return stored
  } catch (error) {
    if (!mayHaveHappened(error)) await hold?.undo()
    throw prefix && hasReason(error, 'AlreadyExists') ? nameTaken(error, metadata.name ?? '') : error
  }
}

async function commit(
  registry: Registry,
  resource: ServedResource,
  key: string,
  value: Uint8Array,
  draft: KubeObject,
): Promise<StoredObject> {
  // Last of all, as upstream's store does it: who may not create this is told so first.
  if (sentRevision(draft) > 0) throw bareError('resourceVersion should not be set on objects to be created')
  const ttlMs = resource.definition.ttlMs
  const result = await registry.store.write({ key, value, expect: 0, ...(ttlMs !== undefined && { ttlMs }) })
  if (!result.ok)
    throw exists(resource, draft.metadata.name ?? '', result.current && resource.codec.decodeEntry(result.current))
  return new StoredObject(resource, result.value ?? value, result.revision)
}

async function dryInsert(
  registry: Registry,
  resource: ServedResource,
  key: string,
  value: Uint8Array,
  draft: KubeObject,
): Promise<StoredObject> {
  const there = await registry.store.get(key)
  if (there) throw exists(resource, draft.metadata.name ?? '', resource.codec.decodeEntry(there))
  return new StoredObject(resource, value, sentRevision(draft))
}

/** 0 where it is none. */
const sentRevision = ({ metadata: { resourceVersion = '' } }: KubeObject): number =>
  isRevision(resourceVersion) ? Number(resourceVersion) : 0

function exists(resource: ServedResource, name: string, there: Frozen<KubeObject> | undefined): StatusError {
  const error = alreadyExists(resource.groupResource, name)
  if (there?.metadata.deletionTimestamp) error.status.message = `object is being deleted: ${error.message}`
  return error
}

/** Upstream's answer when the server's own choice of a name was taken again and again. */
function nameTaken(error: StatusError, name: string): StatusError {
  const resource = error.status.details
  error.status.message = `${resource?.kind ?? ''}${resource?.group ? `.${resource.group}` : ''} "${name}" already exists, the server was not able to generate a unique name for the object`
  error.status.details = { ...resource, retryAfterSeconds: 1 }
  return error
}
