import type { Env } from '../lib/env.ts'
import type { Frozen, KubeObject } from './meta.ts'
import type { StructSchema } from './schema.ts'
import type { FieldError } from './status.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** What a strategy may know of the write it takes part in. */
export interface WriteContext {
  readonly env: Env
  /** The requester's name; empty for none. */
  readonly user: string
  /** What else is known of the requester; CertificateSigningRequest keeps it. */
  readonly userInfo?: {
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  readonly dryRun: boolean
  /** The subresource written, such as `status`, or '' for the object itself. */
  readonly subresource: string
}

/** A column of `kubectl get`, as upstream's Table carries it (metav1.TableColumnDefinition plus its value). */
export interface Column<T> {
  readonly name: string
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** 0 shows always; greater only with -o wide. */
  readonly priority?: number
  value(object: Frozen<T>, now: number): string | number | boolean | null
}

/** The /scale subresource: JSON paths into the object. */
export interface ScaleSubresource {
  readonly replicas: string
  readonly statusReplicas?: string
  /** Path of the selector: a LabelSelector, a map of labels, or a string. */
  readonly selector?: string
}

/** A subresource beyond status and scale, such as `pods/eviction`; its behaviour lives in the API server. */
export interface OtherSubresource {
  readonly name: string
  readonly verbs: readonly string[]
  /** What the request body or answer is, for discovery: defaults to the resource's own. */
  readonly group?: string
  readonly version?: string
  readonly kind?: string
}

/**
 * Everything the system knows of one kind at one version. Routes, discovery, OpenAPI, decoding, defaults, validation,
 * pruning, apply, printing and storage are derived from it; built-in and custom resources take the same code path.
 * All functions are pure but for their declared draft argument, which they may change in place.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  readonly verbs: readonly Verb[]
  /** The shape. Resolved on first use. */
  readonly schema: StructSchema
  /** The path below which objects are kept, such as `/registry/pods`; the same for all versions of a kind. */
  readonly storagePrefix: string
  /** Nothing is stored: the API server answers by itself (reviews, bindings, ComponentStatus). */
  readonly virtual: boolean
  /**
   * Set when this version is not the one kept: the kept version's definition and the two conversions, each of which
   * returns a new object (it may share unchanged parts).
   */
  readonly storedAs?: StoredAs<T>
  /** The version that is kept, when that is not told by `storedAs`. */
  readonly storageVersion?: string
  readonly status: boolean
  /** A new object keeps the status that the client sent. Of Node alone: the kubelet registers itself with it. */
  readonly statusOnCreate: boolean
  /** What of metadata a write to the status leaves as it was: `metadata`, `metadata.labels`. All of it with custom resources. */
  readonly statusResets: readonly string[]
  readonly scale?: ScaleSubresource
  readonly subresources: readonly OtherSubresource[]
  /** Whether metadata.generation is kept and moved when anything but metadata and status changes. */
  readonly hasGeneration: boolean
  /** PUT to an absent name creates (upstream's AllowCreateOnUpdate: leases, endpoints, events, nodes and few more). */
  readonly allowCreateOnUpdate: boolean
  /** A PUT without resourceVersion is refused (custom resources and most kinds allow it). */
  readonly requireResourceVersionOnUpdate: boolean
  /** The lifetime of an object, in ms (Events), or undefined. */
  readonly ttlMs?: number
  /** The propagation policy when a delete names none. Kinds of `batch/v1` orphan. */
  readonly defaultPropagation: 'Background' | 'Orphan'
  /** DELETE answers with the removed object in place of a Status that names it (pods, services, volumes and few more). */
  readonly returnsDeletedObject: boolean
  /** Paths (`.spec.selector`) that an update may not change. */
  readonly immutable: readonly string[]
  /** Fills defaults in place, after decoding, on every write. */
  defaults?(draft: T, context: WriteContext): void
  /**
   * Completes and resets what clients may not set, after mutating admission and before validation (upstream's
   * PrepareForCreate). The registry itself handles status, generation and metadata.
   */
  prepareForCreate?(draft: T, context: WriteContext): void
  /** Upstream's PrepareForUpdate; `context.subresource` tells which. A generation it moves is left as it is. */
  prepareForUpdate?(draft: T, old: Frozen<T>, context: WriteContext): void
  /** What any object must be, new or changed. Metadata is checked by the registry. */
  validate?(object: Frozen<T>, context: WriteContext): Iterable<FieldError>
  /** For a new object, beyond `validate`. */
  validateCreate?(object: Frozen<T>, context: WriteContext): Iterable<FieldError>
  /** Beyond `validate` and `immutable`. */
  validateUpdate?(object: Frozen<T>, old: Frozen<T>, context: WriteContext): Iterable<FieldError>
  /** For the status subresource, in place of validate and validateUpdate. */
  validateStatusUpdate?(object: Frozen<T>, old: Frozen<T>, context: WriteContext): Iterable<FieldError>
  /** Validates metadata.name; a DNS-1123 subdomain unless told. Returns upstream's messages. */
  validateName?(name: string, prefix: boolean): readonly string[]
  /**
   * Brings a kept object up to date in place when it is read, as custom resources get defaults that were not there when they were
   * written. Kinds without it are served as they are kept.
   */
  onRead?(draft: T): void
  /** What every request for this version is warned with, when it is deprecated. */
  readonly deprecation?: string
  /** Texts for Warning headers. */
  warnings?(object: Frozen<T>, old?: Frozen<T>): Iterable<string>
  readonly columns: readonly Column<T>[]
  /** What of an object's row a table says apart (metav1.TableRowCondition), such as that it is over and done. */
  rowConditions?(object: Frozen<T>): readonly object[]
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields: Readonly<Record<string, SelectableField<T>>>
  /**
   * Upstream's graceful deletion: the seconds to wait before the object goes, 0 to remove at once, undefined when the
   * kind has none.
   */
  gracePeriodSeconds?(object: Frozen<T>, asked: number | undefined): number | undefined
}

/** Reads a field for a field selector. Typed as a method, so that a definition of any kind is a ResourceDefinition. */
export type SelectableField<T> = { read(object: Frozen<T>): string }['read']

/** The kept version of a kind that is served in several. */
export interface StoredAs<T extends KubeObject> {
  readonly definition: ResourceDefinition
  toStored(object: Frozen<T>): KubeObject
  fromStored(object: Frozen<KubeObject>): T
}

/** What a kind's file states; the rest is filled with what most kinds have. */
export type ResourceSpec<T extends KubeObject> = Pick<
  ResourceDefinition<T>,
  'group' | 'version' | 'kind' | 'plural' | 'scope'
> &
  Partial<Omit<ResourceDefinition<T>, 'schema'>> & {
    /** The schema, or how to get it when first needed. */
    readonly schema: StructSchema | (() => StructSchema)
  }

/** Completes a spec to a definition. */
export function completeResource<T extends KubeObject>(spec: ResourceSpec<T>): ResourceDefinition<T> {
  const { schema, ...rest } = spec
  let resolved: StructSchema | undefined
  return {
    listKind: `${spec.kind}List`,
    singular: spec.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    storagePrefix: `/registry/${spec.group ? `${spec.group}/` : ''}${spec.plural}`,
    virtual: false,
    status: false,
    statusOnCreate: false,
    statusResets: [],
    subresources: [],
    hasGeneration: false,
    allowCreateOnUpdate: false,
    requireResourceVersionOnUpdate: false,
    defaultPropagation: 'Background',
    returnsDeletedObject: false,
    immutable: [],
    columns: [],
    selectableFields: {},
    ...rest,
    get schema() {
      return (resolved ??= typeof schema === 'function' ? schema() : schema)
    },
  }
}
