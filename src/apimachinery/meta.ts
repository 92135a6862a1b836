/** metav1.OwnerReference. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** metav1.ManagedFieldsEntry. */
export interface ManagedFieldsEntry {
  manager?: string
  operation?: 'Apply' | 'Update'
  apiVersion?: string
  time?: string
  fieldsType?: 'FieldsV1'
  fieldsV1?: Record<string, unknown>
  subresource?: string
}

/** metav1.ObjectMeta. Times are RFC 3339 strings in seconds, UTC. */
export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string
  selfLink?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

/** metav1.ListMeta. */
export interface ListMeta {
  selfLink?: string
  resourceVersion?: string
  continue?: string
  remainingItemCount?: number
  shardInfo?: { selector: string }
}

/** What every API object has. Kinds are plain interfaces that extend it structurally; unknown fields are kept. */
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

/** A list of objects as the API returns it. */
export interface KubeList<T> {
  apiVersion?: string
  kind?: string
  metadata: ListMeta
  items: T[]
}

/** Deeply readonly: what stores, listers and events hand out is shared and never changed in place. */
export type Frozen<T> = T extends (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

/** Names an object within its kind: `namespace/name`, or `name` when cluster-scoped (upstream's MetaNamespaceKey). */
export type ObjectKey = string

/** The key of an object. */
export function keyOf(object: {
  readonly metadata: { readonly namespace?: string; readonly name?: string }
}): ObjectKey {
  const { namespace, name = '' } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** Splits a key; `namespace` is undefined for a cluster-scoped one. */
export function splitKey(key: ObjectKey): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/')
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The owner that controls this object, if any. */
export function controllerOf(object: Frozen<KubeObject>): Frozen<OwnerReference> | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)
}

/** A group and version, written `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`
}

/** metav1.Time of `ms` since the epoch: RFC 3339 in whole seconds, UTC. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -5)}Z`
}

/** metav1.MicroTime of `ms` since the epoch: RFC 3339 with six decimals, UTC. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`
}
