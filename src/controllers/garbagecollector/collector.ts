import { type Frozen, type KubeObject, type ObjectKey, type OwnerReference } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { retryOnConflict } from '../../client/retry.ts'
import { Lru } from '../../lib/lru.ts'
import {
  blockingDependents,
  DELETE_DEPENDENTS,
  namespaceOf,
  ORPHAN_DEPENDENTS,
  OwnerGraph,
  type GraphNode,
} from './graph.ts'
import { FollowedKinds } from './kinds.ts'
import { judge, type JudgedReference, type OwnerState } from './plan.ts'

/** What a key of the collector's queue asks for: `delete/<uid>`, `orphan/<uid>`, or to look again at what is served. */
export const SYNC_KINDS = 'kinds'
const ABSENT_OWNERS_REMEMBERED = 500

/** Deletes objects whose owners are gone, sets dependents free, and lets go of owners that waited for their dependents. */
export class Collector {
  readonly #context: ReconcileContext
  readonly #graph: OwnerGraph
  readonly #kinds: FollowedKinds
  /** Owners that the server said aren't there, by where they were looked for. */
  readonly #absent = new Lru<string, true>(ABSENT_OWNERS_REMEMBERED)

  constructor(context: ReconcileContext) {
    this.#context = context
    this.#graph = new OwnerGraph({
      attemptToDelete: (node) => context.enqueue(`delete/${node.uid}`),
      attemptToOrphan: (node) => context.enqueue(`orphan/${node.uid}`),
      misplacedReference: (node, reference) => this.#warnOfReference(node, reference),
    })
    this.#kinds = new FollowedKinds(context.informers, this.#graph)
  }

  /** Begins to follow everything that is served; resolves when it is known. */
  async start(): Promise<void> {
    const { client, env, signal } = this.#context
    await this.#kinds.sync(client.transport, env.clock, signal)
  }

  async work(key: string): Promise<void> {
    if (key === SYNC_KINDS) return this.start()
    const [what, uid = ''] = key.split('/')
    const node = this.#graph.get(uid)
    if (!node) return
    await (what === 'orphan' ? this.#orphanDependents(node) : this.#attemptToDelete(node))
  }

  async #attemptToDelete(node: GraphNode): Promise<void> {
    if (node.beingDeleted && !node.deletingDependents) return
    const resource = node.resource ?? this.#kinds.find(node.apiVersion, node.kind)
    if (!resource) throw new Error(`unable to get REST mapping for ${node.apiVersion}/${node.kind}.`)
    if (!node.resource) return this.#verifyUnseen(node, resource)
    if (node.deletingDependents) return this.#finishForeground(node, resource)
    const object = this.#kinds.cached(resource, node.key)
    if (object?.metadata.uid !== node.uid) return
    const references = object.metadata.ownerReferences ?? []
    const judged: JudgedReference[] = []
    for (const reference of references) judged.push({ reference, state: await this.#stateOf(reference, node) })
    const dependents = [...node.dependents]
    const waiting = dependents.some((dependent) => dependent.deletingDependents)
    const verdict = judge(object, judged, { any: dependents.length > 0, waiting })
    if (verdict.action === 'dropReferences') return this.#patchOwners(resource, object, verdict.keep)
    if (verdict.action === 'keep') return
    if (verdict.unblock)
      await this.#patchOwners(
        resource,
        object,
        references.map((r) => ({ ...r, blockOwnerDeletion: false })),
      )
    await this.#delete(resource, node, { policy: verdict.policy, ...(!verdict.unblock && { object }) })
  }

  /** An owner that is named but was never seen: if it isn't there, its dependents are garbage. */
  async #verifyUnseen(node: GraphNode, resource: ResourceDefinition): Promise<void> {
    const key =
      resource.scope === 'Namespaced'
        ? node.key
        : node.key.slice(namespaceOf(node.key) ? namespaceOf(node.key).length + 1 : 0)
    if ((await this.#liveUid(resource, key)) !== node.uid) this.#graph.forget(node.uid)
  }

  /** An owner that waits for its dependents may go when none of them blocks it. */
  async #finishForeground(node: GraphNode, resource: ResourceDefinition): Promise<void> {
    const blocking = blockingDependents(node)
    if (blocking.length === 0) return this.#removeFinalizer(node, resource, DELETE_DEPENDENTS)
    for (const dependent of blocking)
      if (!dependent.deletingDependents) this.#context.enqueue(`delete/${dependent.uid}`)
  }

  async #stateOf(reference: Frozen<OwnerReference>, node: GraphNode): Promise<OwnerState> {
    const resource = this.#kinds.find(reference.apiVersion, reference.kind)
    if (!resource) throw new Error(`unable to get REST mapping for ${reference.apiVersion}/${reference.kind}.`)
    const namespace = namespaceOf(node.key)
    const isNamespaced = resource.scope === 'Namespaced'
    if (isNamespaced && !namespace) {
      // A cluster-scoped object cannot have a namespaced owner; nobody can tell which was meant, so it is left alone.
      this.#warnOfReference(node, reference)
      return 'solid'
    }
    const key = isNamespaced ? `${namespace}/${reference.name}` : reference.name
    const place = `${resource.group}/${resource.plural}/${key}/${reference.uid}`
    if (this.#absent.get(place)) return 'dangling'
    const owner = this.#kinds.cached(resource, key)
    if (owner?.metadata.uid === reference.uid) return isWaiting(owner) ? 'waiting' : 'solid'
    if ((await this.#liveUid(resource, key)) === reference.uid) return 'solid'
    this.#absent.set(place, true)
    return 'dangling'
  }

  /** The uid of the object at this place; undefined when there is none. */
  async #liveUid(resource: ResourceDefinition, key: ObjectKey): Promise<string | undefined> {
    try {
      return (await this.#context.client(resource).get(key)).metadata.uid
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  async #delete(
    resource: ResourceDefinition,
    node: GraphNode,
    {
      policy,
      object,
    }: { readonly policy: 'Orphan' | 'Background' | 'Foreground'; readonly object?: Frozen<KubeObject> },
  ): Promise<void> {
    const resourceVersion = object?.metadata.resourceVersion
    // It must not have got an owner since it was judged.
    const preconditions = { uid: node.uid, ...(resourceVersion && { resourceVersion }) }
    try {
      await this.#context.client(resource).delete(node.key, { propagationPolicy: policy, preconditions })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  async #orphanDependents(owner: GraphNode): Promise<void> {
    for (const dependent of owner.dependents) {
      const { resource, key, uid } = dependent
      const object = resource && this.#kinds.cached(resource, key)
      if (!resource || object?.metadata.uid !== uid) continue
      await this.#patchOwners(
        resource,
        object,
        (object.metadata.ownerReferences ?? []).filter((r) => r.uid !== owner.uid),
      )
    }
    if (owner.resource) await this.#removeFinalizer(owner, owner.resource, ORPHAN_DEPENDENTS)
  }

  /** A merge patch, which every kind understands; the resourceVersion keeps others' changes. */
  async #patchOwners(
    resource: ResourceDefinition,
    { metadata }: Frozen<KubeObject>,
    ownerReferences: readonly Frozen<OwnerReference>[],
  ): Promise<void> {
    const { uid, resourceVersion } = metadata
    try {
      await this.#context
        .client(resource)
        .patch({ metadata }, 'merge', { metadata: { uid, resourceVersion, ownerReferences } })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  async #removeFinalizer(node: GraphNode, resource: ResourceDefinition, finalizer: string): Promise<void> {
    const client = this.#context.client(resource)
    await retryOnConflict(this.#context.env, async () => {
      try {
        const { metadata } = await client.get(node.key)
        const { uid, resourceVersion, finalizers = [] } = metadata
        if (uid !== node.uid || !finalizers.includes(finalizer)) return
        const left = finalizers.filter((name) => name !== finalizer)
        await client.patch(node.key, 'merge', { metadata: { resourceVersion, finalizers: left } })
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    })
  }

  #warnOfReference({ apiVersion, kind, key, uid, resource }: GraphNode, reference: Frozen<OwnerReference>): void {
    const namespace = namespaceOf(key)
    const name = namespace ? key.slice(namespace.length + 1) : key
    const about = { apiVersion, kind, metadata: { ...(namespace && { namespace }), name, uid } }
    const { apiVersion: version, kind: owner, name: ownerName, uid: ownerUid } = reference
    const what = `[${version}/${owner}, namespace: ${namespace}, name: ${ownerName}, uid: ${ownerUid}]`
    const message = `ownerRef ${what} does not exist in namespace "${namespace}"`
    if (resource) this.#context.events.event(about, 'Warning', 'OwnerRefInvalidNamespace', message)
  }
}

function isWaiting({ metadata }: Frozen<KubeObject>): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(DELETE_DEPENDENTS)
}
