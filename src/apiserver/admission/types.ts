import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { UserInfo } from '../authn/types.ts'
import type { ConvertNow } from '../registry/conversions.ts'
import type { Latencies } from '../request/latencies.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { Span } from '../tracing/span.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** What a plugin is asked about (upstream's admission.Attributes). */
export interface AdmissionAttributes {
  readonly operation: Operation
  /** The resource written to. */
  readonly definition: ResourceDefinition
  /** The body's group, version and kind: `definition`'s own, or a subresource's such as Scale, Eviction, Binding. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly subresource: string
  /** Empty for a create with generateName until the name is made. */
  readonly name: string
  /** Empty for cluster-scoped objects; a Namespace's own name for a Namespace. */
  readonly namespace: string
  /** What is being written, as sent and defaulted so far; undefined for DELETE. In `mutate` a draft to change in place. */
  readonly object: KubeObject | undefined
  /** What is there now; undefined for CREATE and CONNECT. */
  readonly oldObject: Frozen<KubeObject> | undefined
  /** CreateOptions, UpdateOptions, DeleteOptions as given, without TypeMeta; for CONNECT the subresource's options. */
  readonly options: Readonly<Record<string, unknown>>
  readonly dryRun: boolean
  readonly user: UserInfo
  /** What the client calls itself; empty when it does not say. */
  readonly userAgent: string
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal
  /** What is going on, when the request is traced. */
  readonly span?: Span | undefined
  /** Told of what takes its time. */
  readonly latencies?: Latencies | undefined
  /** Gives an object of the resource in another of its versions, where they differ. Throws NeedsConversion. */
  readonly convert?: ConvertNow
  /** Adds a Warning header to the answer. */
  warn(text: string): void
  /** Adds an audit annotation; one that holds parts of the object only where objects are told, at the level Request and above. */
  annotate(key: string, value: string, level?: 'Request'): void
}

/**
 * Returned by `mutate` of a plugin that has its own way of going again. When one of them changed the object in a way the
 * others should see, all plugins mutate once more, and in such a plugin's place `run` does.
 */
export interface SecondRound {
  /** Whether the others should see what this plugin did. */
  readonly needed: boolean
  run(): Promise<void>
}

/** Creates an object as the server itself, in a request of its own. Throws the StatusError that it is answered with. */
export type CreateAsServer = (path: string, object: KubeObject) => Promise<void>

/**
 * One admission plugin. Throws a StatusError to refuse the request (`forbidden(...)` as a rule). Plugins run in the order of
 * the server's array: first `mutate` of all, then, after validation, `validate` of all. `mutate` may run several times for one
 * request when a write conflicts and is tried again, so it must be idempotent.
 */
export interface AdmissionPlugin {
  /** Upstream's name, such as LimitRanger. */
  readonly name: string
  handles(operation: Operation): boolean
  /** Told once of what is served, which may change later, and of the way to make what is missing. */
  initialize?(resources: ResourceTable, create: CreateAsServer): void
  mutate?(attributes: AdmissionAttributes): MaybePromise<SecondRound | void>
  validate?(attributes: AdmissionAttributes): MaybePromise<void>
}
