import { applyPatch } from '../../apimachinery/apply/apply.ts'
import type { FieldSet } from '../../apimachinery/apply/field-set.ts'
import { keepTimes } from '../../apimachinery/apply/times.ts'
import { type ManagedWrite, recordUpdate, resetFields } from '../../apimachinery/apply/update.ts'
import { DecodeError } from '../../apimachinery/codec/errors.ts'
import { decodeValue } from '../../apimachinery/codec/json/decode.ts'
import { NotOfType, pruneObject } from '../../apimachinery/codec/json/prune.ts'
import { type Frozen, type KubeObject, type ManagedFieldsEntry, timestamp } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import type { Call } from '../request/call.ts'
import { deepCopy } from './codec.ts'
import type { PatchOptions, WriteOptions } from './options.ts'
import { bareError } from './revision.ts'
import type { Registry, ServedResource } from './served.ts'

/** Notes in a draft who owns what of it, before admission changes it. `live` is undefined on creation. */
export function trackUpdate(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
  live: Frozen<KubeObject> | undefined,
): void {
  const entries = recordUpdate(live, draft, managedWrite(registry, resource, call, options))
  if (entries) draft.metadata.managedFields = entries as ManagedFieldsEntry[]
  else delete draft.metadata.managedFields
}

/** Applies a configuration: the object to be, not yet defaulted. Throws 400, 409 and 500 as upstream. */
export function applyConfiguration(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: PatchOptions,
  configuration: Frozen<KubeObject>,
  live: Frozen<KubeObject> | undefined,
): KubeObject {
  const { schema, kind } = resource.definition
  const { codec } = resource
  const request = { ...managedWrite(registry, resource, call, options), kind, force: options.force }
  const { object } = applyPatch(live, configuration, request)
  try {
    return pruneObject(schema, deepCopy(object)).object as unknown as KubeObject
  } catch (error) {
    if (!(error instanceof NotOfType)) throw error
    const gvk = `${codec.apiVersion.includes('/') ? '' : '/'}${codec.apiVersion}, Kind=${kind}`
    return decodeApplied(schema, object, configuration, gvk)
  }
}

/** Decodes what is not as its schema says: more lenient with numbers, or the reason why not, in upstream's words. */
function decodeApplied(
  schema: StructSchema,
  object: KubeObject,
  { metadata }: Frozen<KubeObject>,
  gvk: string,
): KubeObject {
  try {
    return decodeValue(schema, deepCopy(object), 'Ignore').object as unknown as KubeObject
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const { namespace = '', name = '' } = (metadata as KubeObject['metadata'] | null) ?? {}
    const failed = `failed to convert new object (${namespace}/${name}; ${gvk}) to proper version`
    throw bareError(`${failed}: unable to convert unstructured object to ${gvk}: ${error.message}`)
  }
}

function managedWrite(registry: Registry, resource: ServedResource, call: Call, options: WriteOptions): ManagedWrite {
  const { definition, codec } = resource
  const { subresource } = call.info
  return {
    schema: definition.schema,
    apiVersion: codec.apiVersion,
    manager: options.fieldManager,
    subresource,
    now: timestamp(registry.env.clock.now()),
    ignored: resource.resets(subresource === 'status' ? 'status' : 'main'),
    ...(resource.conversions && { convert: resource.conversions.within(call) }),
  }
}

/** What writes to an object itself and to its status reset, and so never own; computed once for a definition. */
export function resetsOf(definition: ResourceDefinition): (way: 'main' | 'status') => FieldSet {
  let main: FieldSet | undefined
  let status: FieldSet | undefined
  return (way) => {
    if (way === 'main') return (main ??= resetFields(...(definition.status ? ['status'] : [])))
    const isCustom = definition.schema.name === ''
    const others = [...definition.schema.fields.keys()].filter((name) =>
      isCustom ? name === 'metadata' || !KEPT_BY_STATUS.has(name) : !KEPT_BY_STATUS.has(name),
    )
    return (status ??= resetFields(...others, ...definition.statusResets))
  }
}

const KEPT_BY_STATUS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/** Whether managers differ in nothing but times, so that the old entries can stand. */
export function differInTimesAlone(draft: KubeObject, old: Frozen<KubeObject>): boolean {
  const { managedFields: now } = draft.metadata
  const { managedFields: then } = old.metadata
  return now !== undefined && then !== undefined && keepTimes(then, now) === then
}
