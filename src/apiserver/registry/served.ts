import type { FieldSet } from '../../apimachinery/apply/field-set.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { FieldError, GroupResource } from '../../apimachinery/status.ts'
import type { Env } from '../../lib/env.ts'
import type { MaybePromise, Store } from '../../store/store.ts'
import type { AdmissionChain } from '../admission/chain.ts'
import type { Authorizer } from '../authz/types.ts'
import type { Call } from '../request/call.ts'
import type { Answer } from './answer.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { ResourceHubs } from '../watch/hub.ts'
import { ResourceCodec } from './codec.ts'
import type { Conversions } from './conversions.ts'
import type { Connector } from './connect/connector.ts'
import type { DeleteOptions } from './delete-options.ts'
import type { DeletePlan } from './delete.ts'
import type { FieldIndexes } from './field-index.ts'
import type { ListCache } from './list-cache.ts'
import { resetsOf } from './managed-fields.ts'
import { definedSubresources } from './subresources/defined.ts'
import type { Subresources } from './subresources/subresource.ts'

/** What every verb of every resource works with. */
export interface Registry {
  readonly store: Store
  readonly env: Env
  readonly admission: AdmissionChain
  readonly authorizer: Authorizer
  readonly hubs: ResourceHubs
  readonly resources: ResourceTable
  readonly connector: Connector
  readonly lists: ListCache
  readonly fieldIndexes: FieldIndexes
  /** How often watches that ask for it are told how far they have come. */
  readonly bookmarkMs: number
  /** A watch without timeoutSeconds lasts between this and twice this. */
  readonly minRequestTimeoutSeconds: number
}

/** One resource at one version, as it is served. */
export interface ServedResource {
  readonly definition: ResourceDefinition
  readonly codec: ResourceCodec
  readonly groupResource: GroupResource
  readonly hooks: ResourceHooks
  readonly subresources: Subresources
  readonly custom?: CustomSchema
  /** Where its objects are read and written in the served version, when that needs more than a codec can do. */
  readonly store?: Store
  /** Between its versions, where those differ. */
  readonly conversions?: Conversions
  /** See resetsOf. */
  readonly resets: (way: 'main' | 'status') => FieldSet
  /** In place of every verb of its own, for what is not stored. */
  readonly virtual: VirtualResource | undefined
}

/** Answers for a resource that is not stored, such as an access review, past authorization. Throws StatusError. */
export type VirtualResource = (registry: Registry, resource: ServedResource, call: Call) => Promise<Answer>

/** What happens around a write: `commit` after it is stored, `undo` when it is not. */
export interface WriteHold {
  commit(stored: Frozen<KubeObject>): MaybePromise<void>
  undo(): MaybePromise<void>
}

/** What hooks are told of the request they run in. */
export interface HookContext {
  readonly registry: Registry
  readonly call: Call
  readonly dryRun: boolean
}

/**
 * What one resource does beyond the generic path, such as allocating a Service's addresses. Writes to subresources do not run the
 * begin hooks.
 */
export interface ResourceHooks {
  /** After mutating admission, before prepareForCreate and validation. */
  beginCreate?(draft: KubeObject, context: HookContext): MaybePromise<WriteHold | undefined>
  /** After mutating admission, before prepareForUpdate and validation. */
  beginUpdate?(draft: KubeObject, old: Frozen<KubeObject>, context: HookContext): MaybePromise<WriteHold | undefined>
  /**
   * What is wrong with a write for whoever sends it, or for what other objects say; told before what validation finds. Runs for
   * subresources too; `old` is absent for a new object.
   */
  forbids?(
    draft: Frozen<KubeObject>,
    old: Frozen<KubeObject> | undefined,
    context: HookContext,
  ): MaybePromise<readonly FieldError[]>
  /** Decides a DELETE in place of the generic rules. */
  planDelete?(object: Frozen<KubeObject>, options: DeleteOptions, env: Env): DeletePlan
  /** Whether an update that leaves a marked object without finalizers removes it; true when absent. */
  removesEmptied?(draft: Frozen<KubeObject>): boolean
  /** After an object is gone, never for a dry run. */
  afterDelete?(object: Frozen<KubeObject>, context: HookContext): MaybePromise<void>
}

/** How a definition is served. */
export interface Serving {
  readonly hooks?: ResourceHooks | undefined
  /** Beyond those that the definition's own facts make: status, scale and what has the object's kind. */
  readonly subresources?: Subresources | undefined
  readonly virtual?: VirtualResource | undefined
  /** For a custom resource: what OpenAPI publishes. */
  readonly custom?: CustomSchema | undefined
  /** See ServedResource. */
  readonly store?: Store | undefined
  readonly conversions?: Conversions | undefined
  /** See ApiServerOptions.freeze. */
  readonly freeze: boolean
}

/** A custom resource's schema as its definition has it. */
export interface CustomSchema {
  readonly openAPIV3Schema: Record<string, unknown> | undefined
}

/** Completes a definition to what requests are answered with. */
export function serve(definition: ResourceDefinition, serving: Serving): ServedResource {
  const { hooks = {}, subresources, virtual, custom, store, conversions, freeze } = serving
  return {
    definition,
    virtual,
    ...(custom && { custom }),
    ...(store && { store }),
    ...(conversions && { conversions }),
    subresources: { ...definedSubresources(definition), ...subresources },
    resets: resetsOf(definition),
    codec: new ResourceCodec(definition, freeze),
    groupResource: { group: definition.group, resource: definition.plural },
    hooks,
  }
}

/** The key an object is kept under. */
export function storageKey(definition: ResourceDefinition, namespace: string, name: string): string {
  return `${collectionPrefix(definition, namespace)}${name}`
}

/** What the keys of a collection start with: a namespace's, or all. */
export function collectionPrefix(definition: ResourceDefinition, namespace: string): string {
  const prefix = `${definition.storagePrefix}/`
  return definition.scope === 'Namespaced' && namespace ? `${prefix}${namespace}/` : prefix
}
