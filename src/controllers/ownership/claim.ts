import { keyOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { orphansIn } from './orphans.ts'
import { controllerReference } from './owner-reference.ts'

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  /** Who claims. */
  readonly owner: Frozen<O>
  readonly ownerResource: ResourceDefinition<O>
  /** What is claimed; its orphans must be indexed (orphanIndex). */
  readonly resource: ResourceDefinition<T>
  /** Whether the owner's selector takes it. */
  matches(object: Frozen<T>): boolean
  /** Whether to adopt what matches but is nobody's. Default: all that isn't being deleted. */
  adopts?(object: Frozen<T>): boolean
  /** Finalizers that an adopted object must have. */
  readonly finalizers?: readonly string[]
}

/**
 * What belongs to `owner`, as upstream's ControllerRefManager: what it controls and still matches, and orphans that match, which are
 * adopted. What it controls and no longer matches is released. An owner that is being deleted adopts and releases nothing.
 */
export async function claim<O extends KubeObject, T extends KubeObject>(
  options: ClaimOptions<O, T>,
  context: ReconcileContext,
): Promise<Frozen<T>[]> {
  const { owner, resource, matches, adopts = notDeleting } = options
  const lister = context.lister(resource)
  const isDeleting = owner.metadata.deletionTimestamp !== undefined
  const claimed: Frozen<T>[] = []
  for (const object of lister.controlledBy(owner)) {
    if (object.metadata.namespace !== owner.metadata.namespace) continue
    if (matches(object)) claimed.push(object)
    else if (!isDeleting) await release(options, object, context)
  }
  if (isDeleting) return claimed
  const orphans = orphansIn(lister, owner.metadata.namespace ?? '').filter((o) => matches(o) && adopts(o))
  if (orphans.length === 0) return claimed
  await checkOwnerLives(options, context)
  for (const orphan of orphans) {
    const adopted = await adopt(options, orphan, context)
    if (adopted) claimed.push(adopted)
  }
  return claimed
}

function notDeleting(object: Frozen<KubeObject>): boolean {
  return object.metadata.deletionTimestamp === undefined
}

/** Reads the owner anew: one that was deleted, or was replaced by another of its name, must not adopt. */
async function checkOwnerLives<O extends KubeObject, T extends KubeObject>(
  { owner, ownerResource }: ClaimOptions<O, T>,
  { client }: ReconcileContext,
): Promise<void> {
  const fresh = await client(ownerResource).get(keyOf(owner))
  const what = `${ownerResource.kind} ${keyOf(owner)}`
  if (fresh.metadata.uid !== owner.metadata.uid)
    throw new Error(`original ${what} is gone: got uid ${fresh.metadata.uid}, wanted ${owner.metadata.uid}`)
  if (fresh.metadata.deletionTimestamp)
    throw new Error(`${what} has just been deleted at ${fresh.metadata.deletionTimestamp}`)
}

async function adopt<O extends KubeObject, T extends KubeObject>(
  { owner, ownerResource, resource, finalizers }: ClaimOptions<O, T>,
  object: Frozen<T>,
  { client }: ReconcileContext,
): Promise<Frozen<T> | undefined> {
  const ownerReferences = [controllerReference(ownerResource, owner)]
  const metadata = { uid: object.metadata.uid, ownerReferences, ...(finalizers && { finalizers }) }
  try {
    return await client(resource).patch(keyOf(object), 'strategic', { metadata })
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

async function release<O extends KubeObject, T extends KubeObject>(
  { owner, resource, finalizers }: ClaimOptions<O, T>,
  object: Frozen<T>,
  { client }: ReconcileContext,
): Promise<void> {
  const metadata = {
    uid: object.metadata.uid,
    ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
    ...(finalizers && { '$deleteFromPrimitiveList/finalizers': finalizers }),
  }
  try {
    await client(resource).patch(keyOf(object), 'strategic', { metadata })
  } catch (error) {
    // NotFound: it is gone. Invalid: it has no owners, or is another object of that name. Both are fine.
    if (!hasReason(error, 'NotFound', 'Invalid')) throw error
  }
}
