import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { ResourceDefinition, WriteContext } from '../../apimachinery/resource.ts'
import { type FieldError, invalid, invalidObject } from '../../apimachinery/status.ts'
import { type MetaRules, validateObjectMeta, validateObjectMetaUpdate } from '../../apimachinery/validation/meta.ts'
import { nameIsDnsSubdomain } from '../../apimachinery/validation/names.ts'
import { type Call, warn } from '../request/call.ts'
import { valueAt } from './paths.ts'
import { deepCopy } from './codec.ts'
import { writeContext } from './context.ts'
import { validateFinalizerNames } from './finalizers.ts'
import { matchNamespace } from './metadata.ts'
import type { WriteOptions } from './options.ts'
import { withoutOld } from './ratchet.ts'
import type { Registry, ServedResource } from './served.ts'

const NOTHING: readonly FieldError[] = []

/** Normalises and validates a new object (upstream's rest.BeforeCreate). Throws 422 with every finding, after what was `found` before. */
export function beforeCreate(
  registry: Registry,
  { definition }: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
  found = NOTHING,
): void {
  const context = writeContext(registry, call, options)
  matchNamespace(definition, draft, call.info.namespace)
  if (definition.status && !definition.statusOnCreate) delete fields(draft)['status']
  if (definition.hasGeneration) draft.metadata.generation = 1
  definition.prepareForCreate?.(draft, context)
  const errors: FieldError[] = [
    ...found,
    ...validateObjectMeta(draft.metadata, metaRules(definition)),
    ...validateFinalizerNames(definition, draft),
    ...(definition.validate?.(draft, context) ?? []),
    ...(definition.validateCreate?.(draft, context) ?? []),
  ]
  if (errors.length > 0)
    throw invalidObject(definition.storedAs?.definition ?? definition, draft.metadata.name ?? '', errors)
  for (const text of definition.warnings?.(draft) ?? []) warn(call, text)
}

/** Subresources whose writes reach into status. */
const WRITES_STATUS: ReadonlySet<string> = new Set(['status', 'approval'])

/** Normalises and validates a changed object (upstream's rest.BeforeUpdate). Throws 422 with every finding, and what was `found` before. */
export function beforeUpdate(
  registry: Registry,
  { definition }: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
  old: Frozen<KubeObject>,
  found = NOTHING,
): void {
  const context = writeContext(registry, call, options)
  const isStatus = context.subresource === 'status'
  matchNamespace(definition, draft, call.info.namespace)
  keepSystemFields(draft, old)
  if (isStatus) {
    keepAllButStatus(draft, old)
    if (definition.schema.name === '' || definition.statusResets.includes('metadata')) keepMetadata(draft, old)
    else keepOfMetadata(draft, old, definition.statusResets)
  } else if (definition.status && !WRITES_STATUS.has(context.subresource)) keepField(draft, old, 'status')
  definition.prepareForUpdate?.(draft, old, context)
  moveGeneration(definition, draft, old)
  const meta = validateObjectMetaUpdate(draft.metadata, old.metadata)
  const all = [
    // As upstream, which looks for all kinds and again for each: causes come twice.
    ...meta,
    ...found,
    ...meta,
    ...validateFinalizerNames(definition, draft),
    ...(isStatus
      ? (definition.validateStatusUpdate?.(draft, old, context) ?? [])
      : validateChange(definition, draft, old, context)),
  ]
  const errors = withoutOld(all, definition, old, context)
  if (errors.length > 0)
    throw invalidObject(definition.storedAs?.definition ?? definition, draft.metadata.name ?? '', errors)
  if (!isStatus) for (const text of definition.warnings?.(draft, old) ?? []) warn(call, text)
}

function* validateChange(
  definition: ResourceDefinition,
  draft: Frozen<KubeObject>,
  old: Frozen<KubeObject>,
  context: WriteContext,
): Iterable<FieldError> {
  yield* validateObjectMeta(draft.metadata, metaRules(definition))
  yield* definition.validate?.(draft, context) ?? []
  yield* immutableFields(definition.immutable, draft, old)
  yield* definition.validateUpdate?.(draft, old, context) ?? []
}

/** Metadata is checked by the kind's rule for names. */
function metaRules({ scope, validateName }: ResourceDefinition): MetaRules {
  return { namespaced: scope === 'Namespaced', name: validateName ? nameCheck(validateName) : nameIsDnsSubdomain }
}

function nameCheck(check: NonNullable<ResourceDefinition['validateName']>): MetaRules['name'] {
  return (name, prefix) => [...check(name, prefix)]
}

/** Clients cannot change these; what they leave out is taken from the stored object. */
function keepSystemFields({ metadata }: KubeObject, { metadata: old }: Frozen<KubeObject>): void {
  assign(metadata, 'generation', old.generation)
  metadata.uid ||= old.uid ?? ''
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp
  // Deletion that was asked for is never taken back.
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp
  if (metadata.deletionGracePeriodSeconds === undefined) {
    assign(metadata, 'deletionGracePeriodSeconds', old.deletionGracePeriodSeconds)
  }
  delete metadata.selfLink
}

function assign<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key]
  else target[key] = value
}

function fields(object: KubeObject): Record<string, unknown> {
  return object as unknown as Record<string, unknown>
}

function keepField(draft: KubeObject, old: Frozen<KubeObject>, field: string): void {
  const value = (old as unknown as Record<string, unknown>)[field]
  if (value === undefined) delete fields(draft)[field]
  else fields(draft)[field] = deepCopy(value)
}

/** Keeps single fields of metadata, given as `metadata.labels`. */
function keepOfMetadata(draft: KubeObject, old: Frozen<KubeObject>, paths: readonly string[]): void {
  for (const path of paths) {
    const field = path.slice('metadata.'.length) as keyof KubeObject['metadata']
    const value = old.metadata[field]
    if (value === undefined) delete draft.metadata[field]
    else Object.assign(draft.metadata, { [field]: deepCopy(value) })
  }
}

/** Of the metadata of custom resources, and of some kinds, a write to the status changes nothing but who manages what. */
function keepMetadata(draft: KubeObject, old: Frozen<KubeObject>): void {
  const { managedFields, resourceVersion } = draft.metadata
  draft.metadata = deepCopy(old.metadata) as KubeObject['metadata']
  assign(draft.metadata, 'managedFields', managedFields)
  assign(draft.metadata, 'resourceVersion', resourceVersion)
}

function keepAllButStatus(draft: KubeObject, old: Frozen<KubeObject>): void {
  for (const field of new Set([...Object.keys(draft), ...Object.keys(old)])) {
    if (field !== 'status' && field !== 'metadata') keepField(draft, old, field)
  }
}

/** generation counts changes of what is asked for: all but metadata, and status where that is written apart. */
function moveGeneration(
  { hasGeneration, status }: ResourceDefinition,
  draft: KubeObject,
  old: Frozen<KubeObject>,
): void {
  if (!hasGeneration) return
  const before = old.metadata.generation ?? 0
  if ((draft.metadata.generation ?? 0) !== before) return
  if (!semanticEqual(asked(draft, status), asked(old, status))) draft.metadata.generation = before + 1
}

function asked(object: Frozen<KubeObject>, withoutStatus: boolean): unknown {
  const { metadata: _metadata, ...rest } = object as Frozen<KubeObject> & { readonly status?: unknown }
  if (!withoutStatus) return rest
  const { status: _status, ...spec } = rest
  return spec
}

function* immutableFields(
  paths: readonly string[],
  draft: Frozen<KubeObject>,
  old: Frozen<KubeObject>,
): Iterable<FieldError> {
  for (const path of paths) {
    const value = valueAt(draft, path)
    if (!semanticEqual(value, valueAt(old, path))) yield invalid(path.slice(1), value, 'field is immutable')
  }
}
