import type { Frozen, KubeObject, ObjectKey } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'
import type { Env } from '../lib/env.ts'
import type { Client } from './client.ts'
import type { EventRecorder } from './events.ts'

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
  readonly client: Client
  lister<T extends KubeObject>(resource: ResourceDefinition<T>): Lister<T>
  readonly events: EventRecorder
  readonly env: Env
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal
}

/** Reconciled: nothing more until something changes. Or: again after `requeueAfterMs`. Throwing requeues with back-off. */
export type Result = { readonly requeueAfterMs?: number }

export const done: Result = {}

/** A watch that leads to reconciles of other objects: which keys an event on `resource` touches. */
export interface Watch<T extends KubeObject = KubeObject> {
  readonly resource: ResourceDefinition<T>
  /** `old` is undefined when added; `now` is undefined when deleted. */
  keys(
    now: Frozen<T> | undefined,
    old: Frozen<T> | undefined,
    context: Pick<ReconcileContext, 'lister'>,
  ): Iterable<ObjectKey>
}

export interface ControllerDefinition<T extends KubeObject = KubeObject> {
  /** As upstream names it, without `-controller`: the identity is system:serviceaccount:kube-system:<name>-controller. */
  readonly name: string
  /** A reconcile's key names one of these. */
  readonly for: ResourceDefinition<T>
  /** Kinds whose controller owner is a `for`: an event on one reconciles its owner. */
  readonly owns?: readonly ResourceDefinition[]
  readonly watches?: readonly Watch[]
  /** Extra kinds whose listers reconcile reads, without being woken by them. */
  readonly reads?: readonly ResourceDefinition[]
  /** Index functions by resource plural and index name. */
  readonly indexes?: readonly {
    readonly resource: ResourceDefinition
    readonly name: string
    readonly values: (object: Frozen<KubeObject>) => readonly string[]
  }[]
  /** Reconciles that may run side by side, never two of one key. Default 5. */
  readonly concurrency?: number
  reconcile(key: ObjectKey, context: ReconcileContext): Promise<Result>
  /** Called once when caches are synced, before the first reconcile. */
  start?(context: ReconcileContext): Promise<void> | void
}

/** Types a definition; adds nothing. */
export function defineController<T extends KubeObject>(definition: ControllerDefinition<T>): ControllerDefinition<T> {
  return definition
}

/** Types a watch so that it can stand in a definition's list. */
export function watches<T extends KubeObject>(watch: Watch<T>): Watch {
  return watch as unknown as Watch
}
