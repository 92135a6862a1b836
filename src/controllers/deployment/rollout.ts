import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import { deployments, replicaSets } from '../../api/index.ts'
import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { controllerOf, keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { templateHash } from '../pods/template-hash.ts'
import { isNamespaceTerminating, messageOf } from '../pods/write.ts'
import { newSetSize, type Resize } from './plan.ts'
import { findNewSet, newSetAnnotations, nextRevision, REVISION, sameTemplate, TEMPLATE_HASH } from './revision.ts'
import { oldestFirst, size, sizeAnnotations, type Set } from './sizes.ts'
import { hasDeadline, progressing, withCondition, type Condition } from './status.ts'

/** One pass over a deployment: what was found, what has been written so far, and what the status is to say of it. */
export class Rollout {
  readonly deployment: Frozen<Deployment>
  readonly context: ReconcileContext
  /** The replica set of the present template. */
  newSet: Set | undefined
  oldSets: readonly Set[]
  conditions: readonly Condition[]
  collisionCount: number | undefined
  /** The revision that the deployment has come to, for its annotation. */
  revision: string | undefined

  constructor(deployment: Frozen<Deployment>, sets: readonly Set[], context: ReconcileContext) {
    this.deployment = deployment
    this.context = context
    this.newSet = findNewSet(deployment, sets)
    this.oldSets = sets.filter((set) => set !== this.newSet).toSorted(oldestFirst)
    this.conditions = (deployment.status?.conditions ?? []) as readonly Condition[]
    this.collisionCount = deployment.status?.collisionCount
  }

  get sets(): readonly Set[] {
    return this.newSet ? [...this.oldSets, this.newSet] : this.oldSets
  }

  /** What of the status is known besides counts. */
  get unwritten(): Partial<Frozen<DeploymentStatus>> {
    const { conditions, collisionCount } = this
    return { conditions: [...conditions], ...(collisionCount !== undefined && { collisionCount }) }
  }

  /** Brings the annotations of the new replica set, if there is one, up to date, and takes its revision. */
  async syncNewSet(): Promise<void> {
    const { deployment: d, newSet, context } = this
    if (!newSet) return
    const { minReadySeconds } = d.spec
    const annotations = newSetAnnotations(d, newSet.metadata.annotations ?? {}, nextRevision(this.oldSets))
    const isCurrent =
      semanticEqual(annotations, newSet.metadata.annotations) &&
      (newSet.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0)
    if (!isCurrent) {
      const spec = { ...newSet.spec, minReadySeconds: minReadySeconds ?? 0 }
      const metadata = { ...newSet.metadata, annotations }
      this.newSet = await context.client(replicaSets).update({ ...newSet, metadata, spec })
    }
    this.revision = annotations[REVISION]
    if (hasDeadline(d) && !conditionOf(this.conditions, 'Progressing'))
      this.#progressing('True', 'FoundNewReplicaSet', `Found new replica set "${newSet.metadata.name}"`)
  }

  /** The new replica set, created if there is none. */
  async createNewSet(): Promise<Set> {
    if (this.newSet) return this.newSet
    const { deployment: d, context } = this
    const revision = nextRevision(this.oldSets)
    const draft = this.#draft(revision)
    const created = (await this.#tryCreate(draft)) ?? this.#existing(draft)
    if (!created) return this.#noteCollision(draft)
    if (created.isNew && size(created.set) > 0) {
      const message = `Scaled up replica set ${created.set.metadata.name} from 0 to ${size(created.set)}`
      context.events.event(d, 'Normal', 'ScalingReplicaSet', message)
    }
    if (created.isNew && hasDeadline(d))
      this.#progressing('True', 'NewReplicaSetCreated', `Created new replica set "${created.set.metadata.name}"`)
    this.newSet = created.set
    this.revision = String(revision)
    return created.set
  }

  /** Gives replica sets their sizes, and the annotations that remember the deployment's. */
  async resize(steps: readonly Resize[]): Promise<void> {
    const { deployment: d, context } = this
    const wanted = sizeAnnotations(d)
    for (const { set, to } of steps) {
      const from = size(set)
      const annotations = { ...set.metadata.annotations, ...wanted }
      if (from === to && semanticEqual(annotations, set.metadata.annotations)) continue
      const metadata = { ...set.metadata, annotations }
      const resized = await context
        .client(replicaSets)
        .update({ ...set, metadata, spec: { ...set.spec, replicas: to } })
      this.#replace(set, resized)
      if (from === to) continue
      const message = `Scaled ${from < to ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`
      context.events.event(d, 'Normal', 'ScalingReplicaSet', message)
    }
  }

  #draft(revision: bigint): ReplicaSet {
    const d = this.deployment as Deployment
    const hash = templateHash(d.spec.template, this.collisionCount)
    const labels = { ...d.spec.template.metadata?.labels, [TEMPLATE_HASH]: hash }
    const { selector, template, minReadySeconds } = d.spec
    return {
      metadata: {
        name: `${d.metadata.name}-${hash}`,
        ...(d.metadata.namespace && { namespace: d.metadata.namespace }),
        labels,
        annotations: { ...newSetAnnotations(d, {}, revision), ...sizeAnnotations(d) },
        ownerReferences: [controllerReference(deployments, d)],
      },
      spec: {
        replicas: newSetSize(d, this.oldSets, 0),
        ...(minReadySeconds && { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }
  }

  /** Undefined when the name is taken. Any other failure is told by condition and Event. */
  async #tryCreate(draft: ReplicaSet): Promise<Found | undefined> {
    const { deployment: d, context } = this
    try {
      return { set: await context.client(replicaSets).create(draft), isNew: true }
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return undefined
      if (isNamespaceTerminating(error)) throw error
      const message = `Failed to create new replica set "${draft.metadata.name}": ${messageOf(error)}`
      if (hasDeadline(d)) this.#progressing('False', 'ReplicaSetCreateError', message)
      context.events.event(d, 'Warning', 'ReplicaSetCreateError', message)
      throw error
    }
  }

  /** The replica set that has the name, if it is ours and of this template: the cache was behind. */
  #existing(draft: ReplicaSet): Found | undefined {
    const { deployment: d, context } = this
    const set = context.lister(replicaSets).get(keyOf(draft))
    if (!set) throw new Error(`replica set ${keyOf(draft)} exists but is not in the cache yet`)
    const isOurs = controllerOf(set)?.uid === d.metadata.uid && sameTemplate(d.spec.template, set.spec.template)
    return isOurs ? { set, isNew: false } : undefined
  }

  #noteCollision(draft: ReplicaSet): never {
    this.collisionCount = (this.collisionCount ?? 0) + 1
    throw new Error(`the name ${draft.metadata.name} is taken by another replica set, will take another hash`)
  }

  #replace(old: Set, now: Set): void {
    if (old === this.newSet) this.newSet = now
    else this.oldSets = this.oldSets.map((set) => (set === old ? now : set))
  }

  #progressing(status: 'True' | 'False', reason: string, message: string): void {
    const now = this.context.env.clock.now()
    this.conditions = withCondition(this.conditions, progressing(status, reason, message, now))
  }
}

interface Found {
  readonly set: Set
  readonly isNew: boolean
}
