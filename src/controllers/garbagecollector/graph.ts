import { keyOf, type Frozen, type KubeObject, type ObjectKey, type OwnerReference } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'

export const ORPHAN_DEPENDENTS = 'orphan'
export const DELETE_DEPENDENTS = 'foregroundDeletion'

/** An object, or one that another names as its owner and that nobody has seen yet. */
export interface GraphNode {
  readonly uid: string
  readonly apiVersion: string
  readonly kind: string
  readonly key: ObjectKey
  /** Undefined as long as the object was not seen. */
  resource: ResourceDefinition | undefined
  owners: readonly Frozen<OwnerReference>[]
  readonly dependents: Set<GraphNode>
  beingDeleted: boolean
  /** It waits in the foreground for its dependents to go. */
  deletingDependents: boolean
}

/** What a change of the graph calls for. */
export interface GraphSink {
  /** Look whether this object is to be deleted. */
  attemptToDelete(node: GraphNode): void
  /** Its dependents are to be set free. */
  attemptToOrphan(node: GraphNode): void
  /** A reference that names an owner of another namespace. */
  misplacedReference(node: GraphNode, owner: Frozen<OwnerReference>): void
}

/** Who owns whom, of all objects of the cluster, as upstream's GraphBuilder keeps it. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #sink: GraphSink

  constructor(sink: GraphSink) {
    this.#sink = sink
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** An object is new or has changed. */
  observe(resource: ResourceDefinition, object: Frozen<KubeObject>): void {
    const { uid = '', ownerReferences = [], deletionTimestamp } = object.metadata
    const known = this.#nodes.get(uid)
    // Whether references name it rightly is judged by its own coordinates, so an unseen one takes on those.
    const node = known?.resource ? known : this.#see(resource, object, known)
    const startsDeleting = deletionTimestamp !== undefined && !node.beingDeleted
    const wasWaiting = node.deletingDependents
    node.beingDeleted = deletionTimestamp !== undefined
    this.#changeOwners(node, ownerReferences)
    const finalizers = deletionTimestamp ? (object.metadata.finalizers ?? []) : []
    if (finalizers.includes(ORPHAN_DEPENDENTS)) {
      if (startsDeleting || !known?.resource) this.#sink.attemptToOrphan(node)
    } else if (finalizers.includes(DELETE_DEPENDENTS) && !wasWaiting) {
      node.deletingDependents = true
      for (const dependent of node.dependents) this.#sink.attemptToDelete(dependent)
      this.#sink.attemptToDelete(node)
    }
  }

  /** An object has gone, or was never there. Its dependents have lost an owner. */
  forget(uid: string): void {
    const node = this.#nodes.get(uid)
    if (!node) return
    this.#nodes.delete(uid)
    for (const owner of node.owners) {
      const above = this.#nodes.get(owner.uid)
      if (!above) continue
      above.dependents.delete(node)
      if (above.deletingDependents) this.#sink.attemptToDelete(above)
      // Nobody names it any more, and it was never seen.
      if (!above.resource && above.dependents.size === 0) this.#nodes.delete(above.uid)
    }
    for (const dependent of node.dependents) this.#sink.attemptToDelete(dependent)
  }

  #see(resource: ResourceDefinition, object: Frozen<KubeObject>, unseen: GraphNode | undefined): GraphNode {
    const { apiVersion = '', kind = '', metadata } = object
    const node: GraphNode = {
      uid: metadata.uid ?? '',
      apiVersion,
      kind,
      key: keyOf(object),
      resource,
      owners: unseen?.owners ?? [],
      dependents: unseen?.dependents ?? new Set(),
      beingDeleted: false,
      deletingDependents: false,
    }
    this.#nodes.set(node.uid, node)
    for (const dependent of node.dependents) this.#checkPlace(dependent, node)
    return node
  }

  #changeOwners(node: GraphNode, now: readonly Frozen<OwnerReference>[]): void {
    const before = node.owners
    if (before === now) return
    node.owners = now
    for (const owner of now) if (!before.some((old) => old.uid === owner.uid)) this.#addDependent(owner, node)
    for (const old of before) {
      const current = now.find((owner) => owner.uid === old.uid)
      const above = this.#nodes.get(old.uid)
      if (!above) continue
      if (!current) above.dependents.delete(node)
      // The owner may have waited for this one.
      if (above.deletingDependents && old.blockOwnerDeletion && !current?.blockOwnerDeletion)
        this.#sink.attemptToDelete(above)
    }
  }

  #addDependent(reference: Frozen<OwnerReference>, node: GraphNode): void {
    let owner = this.#nodes.get(reference.uid)
    if (!owner) {
      owner = unseenOwner(reference, node)
      this.#nodes.set(owner.uid, owner)
      // Is there such an object at all?
      this.#sink.attemptToDelete(owner)
    } else if (owner.resource) this.#checkPlace(node, owner)
    owner.dependents.add(node)
  }

  /** Whether the dependent's reference names the owner where it is; one that doesn't is dangling. */
  #checkPlace(dependent: GraphNode, owner: GraphNode): void {
    const reference = dependent.owners.find((candidate) => candidate.uid === owner.uid)
    if (!reference || namesRightly(reference, dependent, owner)) return
    this.#sink.misplacedReference(dependent, reference)
    this.#sink.attemptToDelete(dependent)
  }
}

/** Owners are of the same namespace or of none. What is looked for first is the dependent's own namespace. */
function unseenOwner(reference: Frozen<OwnerReference>, dependent: GraphNode): GraphNode {
  const namespace = namespaceOf(dependent.key)
  return {
    uid: reference.uid,
    apiVersion: reference.apiVersion,
    kind: reference.kind,
    key: namespace ? `${namespace}/${reference.name}` : reference.name,
    resource: undefined,
    owners: [],
    dependents: new Set(),
    beingDeleted: false,
    deletingDependents: false,
  }
}

function namesRightly(reference: Frozen<OwnerReference>, dependent: GraphNode, owner: GraphNode): boolean {
  const namespace = namespaceOf(owner.key)
  if (namespace && namespace !== namespaceOf(dependent.key)) return false
  const name = namespace ? owner.key.slice(namespace.length + 1) : owner.key
  return (
    reference.kind === owner.kind &&
    reference.name === name &&
    groupOf(reference.apiVersion) === groupOf(owner.apiVersion)
  )
}

export function namespaceOf(key: ObjectKey): string {
  const slash = key.indexOf('/')
  return slash < 0 ? '' : key.slice(0, slash)
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

/** The dependents that a foreground deletion of the node must wait for. */
export function blockingDependents(node: GraphNode): GraphNode[] {
  return [...node.dependents].filter((dependent) =>
    dependent.owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true),
  )
}
