import { decodeValue } from '../../apimachinery/codec/json/decode.ts'
import { DecodeError } from '../../apimachinery/codec/errors.ts'
import { decodeAnyYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import { PATCH_TYPES, patchObject } from '../../apimachinery/patch/patch.ts'
import { apiVersionOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import { badRequest, conflict, failure, notFound } from '../../apimachinery/status.ts'
import { isJsonObject } from '../../lib/json-value.ts'
import { type Call, header, warn } from '../request/call.ts'
import { bareMediaType, unsupportedMediaType } from '../request/negotiate.ts'
import { mutate } from './admit.ts'
import type { ObjectAnswer } from './answer.ts'
import { type BodyKind, groupVersionOf, notConvertible, readPatchBytes, type TypeMeta } from './body.ts'
import { change } from './change.ts'
import { deepCopy } from './codec.ts'
import { writeContext } from './context.ts'
import { applyConfiguration, trackUpdate } from './managed-fields.ts'
import { matchName, matchNamespace, undeterminedName } from './metadata.ts'
import { type PatchOptions, readPatchOptions, type WriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'

/** The media type of server-side apply. */
export const APPLY_TYPE = 'application/apply-patch+yaml'

export type PatchKind = keyof typeof PATCH_TYPES | 'apply'

const KINDS: ReadonlyMap<string, PatchKind> = new Map<string, PatchKind>([
  [PATCH_TYPES.json, 'json'],
  [PATCH_TYPES.merge, 'merge'],
  [PATCH_TYPES.strategic, 'strategic'],
  [APPLY_TYPE, 'apply'],
])

/** What kind of patch a request carries. Throws 415. Custom resources have no strategic merge. */
export function patchKind({ definition }: ServedResource, call: Call): PatchKind {
  const isCustom = definition.schema.name === ''
  const kind = KINDS.get(bareMediaType(header(call.headers, 'content-type')))
  if (kind && !(isCustom && kind === 'strategic')) return kind
  // Built-in kinds do not get as far as a handler: upstream's router refuses.
  if (!isCustom) throw failure('UnsupportedMediaType', '415: Unsupported Media Type', {})
  throw unsupportedMediaType([...KINDS].filter(([, one]) => one !== 'strategic').map(([type]) => type))
}

/** Makes an object of a kind out of its current state. */
export type Patch = (current: Frozen<KubeObject>) => KubeObject

/** Reads a patch that is not an apply. Throws 400, 413 and 422 when it is read or applied, as upstream. */
export async function readPatch(
  registry: Registry,
  call: Call,
  type: Exclude<PatchKind, 'apply'>,
  wanted: BodyKind,
  { fieldValidation }: WriteOptions,
): Promise<Patch> {
  const body = await readPatchBytes(call)
  const { schema, kind } = wanted
  const apiVersion = apiVersionOf(wanted)
  const is = { kind, apiVersion, undetermined: undeterminedName(call.info.name) }
  const isNot = (sent: TypeMeta, document: Readonly<Record<string, unknown>>): string | undefined =>
    sent.kind === kind && sent.apiVersion === apiVersion
      ? undefined
      : (misfitOf(registry, sent, document) ?? notConvertible(registry, wanted, sent, SCHEME))
  return (current) => {
    const live = deepCopy(current) as unknown as Record<string, unknown>
    const { object, violations } = patchObject({ schema, live, type, body, validation: fieldValidation, is, isNot })
    for (const violation of violations) warn(call, violation)
    // Another version of the kind has the same fields, and is kept as this one.
    return Object.assign(object as unknown as KubeObject, { kind, apiVersion })
  }
}

/** Why a document is not even what it says it is; undefined when it is, or when nothing is of that kind. */
function misfitOf(registry: Registry, sent: TypeMeta, document: Readonly<Record<string, unknown>>): string | undefined {
  const { group, version } = groupVersionOf(sent)
  const other = registry.resources.findKind(group, version, sent.kind)
  if (!other || other.definition.schema.name === '') return undefined
  try {
    decodeValue(other.definition.schema, deepCopy(document), 'Ignore')
    return undefined
  } catch (error) {
    if (error instanceof DecodeError) return error.message
    throw error
  }
}

/** Where upstream's patch handler looks kinds up, by its own account. */
const SCHEME = 'pkg/runtime/scheme.go:111'

/** PATCH of an object or of one of its subresources that has the object's own kind. */
export async function patchedObject(registry: Registry, resource: ServedResource, call: Call): Promise<ObjectAnswer> {
  const type = patchKind(resource, call)
  const options = readPatchOptions(call, type)
  const next =
    type === 'apply'
      ? await applying(registry, resource, call, options)
      : await patching(registry, resource, call, options, type)
  const { name, namespace, subresource } = call.info
  return change(registry, resource, call, options, {
    async next(current) {
      const draft = next(current)
      matchNamespace(resource.definition, draft, namespace)
      matchName(draft, name, namespace)
      await mutate(registry, resource, call, options, draft, current)
      return draft
    },
    createsAbsent: type === 'apply' && subresource === '',
    ...(type === 'apply' && { refuseAbsent: () => void next(undefined) }),
  })
}

/** Makes the patched object, with its managers and defaults. */
type Next = (current: Frozen<KubeObject> | undefined) => KubeObject

async function patching(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: PatchOptions,
  type: Exclude<PatchKind, 'apply'>,
): Promise<Next> {
  const patch = await readPatch(registry, call, type, resource.definition, options)
  return (current) => {
    if (!current) throw notFound(resource.groupResource, call.info.name)
    const draft = patch(current)
    resource.definition.defaults?.(draft, writeContext(registry, call, options))
    trackUpdate(registry, resource, call, options, draft, current)
    return draft
  }
}

async function applying(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: PatchOptions,
): Promise<Next> {
  const { configuration, tell } = await readConfiguration(call, options)
  return (current) => {
    const draft = applyConfiguration(registry, resource, call, options, configuration, current)
    tell()
    const { uid } = draft.metadata
    if (!current && uid) {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
      throw conflict(resource.groupResource, call.info.name, why)
    }
    resource.definition.defaults?.(draft, writeContext(registry, call, options))
    return draft
  }
}

/** What is applied. */
interface Configuration {
  readonly configuration: KubeObject
  /** Tells of keys that stand twice, once it could be applied. Throws 400 where they may not. */
  tell(): void
}

/** The body of an apply: YAML, or JSON. Throws 400. */
export async function readConfiguration(call: Call, { fieldValidation }: WriteOptions): Promise<Configuration> {
  const { value, violations } =
    call.body.kind === 'value'
      ? { value: call.body.value, violations: [] }
      : anyYaml(await readPatchBytes(call), fieldValidation)
  call.audit?.sentConfiguration(value)
  const tell = (): void => {
    if (violations.length > 0 && fieldValidation === 'Strict') {
      throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${violations.join(', ')}`)
    }
    for (const violation of violations) warn(call, violation)
  }
  if (isJsonObject(value)) return { configuration: value as unknown as KubeObject, tell }
  if (value === null) throw badRequest('invalid object type: /, Kind=')
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type map[string]interface {}`,
  )
}

function anyYaml(body: Uint8Array, validation: WriteOptions['fieldValidation']): ReturnType<typeof decodeAnyYaml> {
  try {
    return decodeAnyYaml(body, validation)
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(`error decoding patch: ${error.message}`) : error
  }
}
