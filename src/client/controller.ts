import type { Frozen, KubeObject, ObjectKey } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'
import type { Env } from '../lib/env.ts'
import type { Client } from './client.ts'
import type { EventRecorder } from './events.ts'
import type { InformerFactory, InformerScope } from './informer/factory.ts'

/** Reads from an informer's cache; objects are shared and frozen. */
export interface Lister<T extends KubeObject> {
  get(key: ObjectKey): Frozen<T> | undefined
  /** All, or one namespace's. */
  list(namespace?: string): readonly Frozen<T>[]
  /** Those whose controller owner reference has this object's uid. Indexed. */
  controlledBy(owner: Frozen<KubeObject>): readonly Frozen<T>[]
  /** Those for which the index function `name` (declared on the informer) gave `value`. */
  byIndex(name: string, value: string): readonly Frozen<T>[]
}

/** What reconcile is given. */
export interface ReconcileContext {
  /**
   * What is written through it is remembered: the same key is not reconciled again before the listers show it. So a
   * reconcile never acts on a cache that is older than its own last writes.
   */
  readonly client: Client
  lister<T extends KubeObject>(resource: ResourceDefinition<T>): Lister<T>
  /** For controllers of kinds that are not known beforehand; the others declare what they read. */
  readonly informers: InformerFactory
  readonly events: EventRecorder
  readonly env: Env
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal
  /** Reconciles another key of this controller, soon or after `afterMs`. */
  enqueue(key: ObjectKey, afterMs?: number): void
}

/** Reconciled: nothing more until something changes. Or: again after `requeueAfterMs`. Throwing requeues with back-off. */
export type Result = { readonly requeueAfterMs?: number }

export const done: Result = {}

/** A watch that leads to reconciles of other objects: which keys an event on `resource` touches. */
export interface Watch<T extends KubeObject = KubeObject> {
  readonly resource: ResourceDefinition<T>
  /** Only these: the controller's lister of the resource knows no others. All when absent. */
  readonly scope?: InformerScope
  /** `old` is undefined when added; `now` is undefined when deleted. */
  keys(
    now: Frozen<T> | undefined,
    old: Frozen<T> | undefined,
    context: Pick<ReconcileContext, 'lister' | 'env' | 'enqueue'>,
  ): Iterable<ObjectKey>
}

/** An index function by resource and name, for `lister.byIndex`. */
export interface IndexDefinition {
  readonly resource: ResourceDefinition
  readonly name: string
  values(object: Frozen<KubeObject>): readonly string[]
}

export interface ControllerDefinition<T extends KubeObject = KubeObject> {
  /** As upstream names it, without `-controller`. */
  readonly name: string
  /** The service account in kube-system that it acts as, and to whom the bootstrap roles are bound. Default `<name>-controller`. Empty: as the controller manager itself. */
  readonly serviceAccount?: string
  /** The name that the controller's Events carry as their source, such as `replicaset-controller`. Default `<name>-controller`. */
  readonly component?: string
  /** A reconcile's key names one of these. */
  readonly for: ResourceDefinition<T>
  /** Whether an event on a `for` reconciles it. Default: every one does. */
  wakes?(now: Frozen<T> | undefined, old: Frozen<T> | undefined): boolean
  /** Kinds whose controller owner is a `for`: an event on one reconciles its owner, the old and the new one. */
  readonly owns?: readonly ResourceDefinition[]
  readonly watches?: readonly Watch[]
  /** Extra kinds whose listers reconcile reads, without being woken by them. */
  readonly reads?: readonly ResourceDefinition[]
  readonly indexes?: readonly IndexDefinition[]
  /** Reconciles that may run side by side, never two of one key. Default 5. */
  readonly concurrency?: number
  /** A key that is woken again sooner than this after its last reconcile began waits that long, so that floods of events cost little. */
  readonly coalesceMs?: number
  reconcile(key: ObjectKey, context: ReconcileContext): Promise<Result>
  /** Called once when caches are synced, before the first reconcile. What it starts must end with `context.signal`. */
  start?(context: ReconcileContext): Promise<void> | void
}

/** Types a definition; adds nothing. */
export function defineController<T extends KubeObject>(definition: ControllerDefinition<T>): ControllerDefinition<T> {
  return definition
}

/** Types a watch so that it can stand in a definition's list. */
export function watches<T extends KubeObject>(watch: Watch<T>): Watch {
  return watch
}

/** Types an index so that it can stand in a definition's list. */
export function indexes<T extends KubeObject>(
  resource: ResourceDefinition<T>,
  name: string,
  values: (object: Frozen<T>) => readonly string[],
): IndexDefinition {
  return { resource, name, values: (object) => values(object as Frozen<T>) }
}
