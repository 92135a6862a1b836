import { DecodeError, decodeFailure, strictDecodingError } from '../../apimachinery/codec/errors.ts'
import { type Decoded, decodeJson, typeMetaOf } from '../../apimachinery/codec/json/decode.ts'
import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import { NotOfType, pruneObject } from '../../apimachinery/codec/json/prune.ts'
import { decodeProtobuf, openEnvelope } from '../../apimachinery/codec/protobuf/envelope.ts'
import { decodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import { apiVersionOf, type KubeObject } from '../../apimachinery/meta.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import { badRequest, invalid, invalidObject, type StatusError } from '../../apimachinery/status.ts'
import { type Call, header, warn } from '../request/call.ts'
import {
  ALL_MEDIA_TYPES,
  bareMediaType,
  CUSTOM_MEDIA_TYPES,
  JSON_TYPE,
  type MediaType,
  PROTOBUF_TYPE,
  unsupportedMediaType,
  YAML_TYPE,
} from '../request/negotiate.ts'
import { deepCopy } from './codec.ts'
import { writeContext } from './context.ts'
import type { FieldValidation, WriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'

/** What a body is to be. */
export interface BodyKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: StructSchema
  /** Other versions that say the same. */
  readonly formerly?: readonly string[]
  /** Upstream's handler says nothing around what the decoder says. */
  readonly bare?: boolean
}

/** The same, and why something that says it is of another type cannot even be made. */
interface Sought extends BodyKind {
  unregistered?(sent: TypeMeta): string | undefined
}

/** What an object says it is. */
export interface TypeMeta {
  readonly kind: string
  readonly apiVersion: string
}

/** Decodes, checks and defaults the resource's own object. The result is the caller's to change. */
export async function readObject(
  registry: Registry,
  { definition }: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<KubeObject> {
  const object = await decodeKind<KubeObject>(registry, call, definition, options.fieldValidation)
  definition.defaults?.(object, writeContext(registry, call, options))
  call.audit?.sent(object, definition.schema)
  return object
}

/** Decodes an object of a given kind and checks that it is one. Throws 400, 413 and 415 in upstream's words. */
export async function readKind<T extends KubeObject>(
  registry: Registry,
  call: Call,
  kind: BodyKind & { readonly defaults?: (object: T) => void },
  validation: FieldValidation,
): Promise<T> {
  const object = await decodeKind<T>(registry, call, kind, validation)
  kind.defaults?.(object)
  call.audit?.sent(object, kind.schema)
  return object
}

async function decodeKind<T extends KubeObject>(
  registry: Registry,
  call: Call,
  kind: BodyKind,
  validation: FieldValidation,
): Promise<T> {
  const body = await bodyOf(call)
  const unregistered = (sent: TypeMeta): string | undefined =>
    sent.kind === kind.kind ? noSuchVersion(registry, kind, sent) : noSuchKind(registry, sent)
  const { object, violations } = decodeBody(body, call, { ...kind, schema: kind.schema, unregistered }, validation)
  const apiVersion = apiVersionOf(kind)
  const tell = (): void => {
    for (const violation of violations) warn(call, violation)
  }
  if (kind.schema.name === '') {
    if (!object['kind']) throw kindMissing(kind, bytesOf(body))
    tell()
    checkCustomType(object, kind)
  }
  object['kind'] ||= kind.kind
  object['apiVersion'] ||= apiVersion
  if (kind.formerly?.some((version) => object['apiVersion'] === apiVersionOf({ group: kind.group, version }))) {
    object['apiVersion'] = apiVersion
  }
  if (object['apiVersion'] !== apiVersion || object['kind'] !== kind.kind) {
    checkGroupVersion(String(object['apiVersion']), kind, body)
    throw wrongKind(registry, kind, { kind: String(object['kind']), apiVersion: String(object['apiVersion']) })
  }
  if (kind.schema.name !== '') tell()
  object['metadata'] ??= {}
  return object as unknown as T
}

/** Custom resources say what they are: nothing is made up for them. Throws 400, and 422 for another kind of the same version. */
function checkCustomType(object: Record<string, unknown>, wanted: BodyKind): void {
  const { kind = '', apiVersion = '' } = object
  if (apiVersion === apiVersionOf(wanted) && kind !== wanted.kind) {
    const { name = '' } = (object['metadata'] ?? {}) as { name?: string }
    const text = `must be ${wanted.kind}`
    throw invalidObject({ group: wanted.group, kind: String(kind) }, name, [invalid('kind', kind, text)])
  }
  if (apiVersion === '') {
    const text = `the API version in the data () does not match the expected API version (${apiVersionOf(wanted)})`
    throw badRequest(text)
  }
}

function kindMissing({ kind: wanted }: BodyKind, bytes: Uint8Array): StatusError {
  const message = `Object 'Kind' is missing in '${new TextDecoder().decode(bytes)}'`
  return decodeFailure({ message, unrecognized: true }, { kind: '', version: '', wanted }, bytes)
}

/** Throws 400 for an apiVersion of more than a group and a version. */
function checkGroupVersion(apiVersion: string, { kind: wanted }: BodyKind, body: Body): void {
  if (apiVersion.split('/').length <= 2) return
  const message = `unexpected GroupVersion string: ${apiVersion}`
  throw decodeFailure({ message, unrecognized: true }, { kind: '', version: '', wanted }, bytesOf(body))
}

function bytesOf(body: Body): Uint8Array {
  return 'bytes' in body ? body.bytes : new TextEncoder().encode(stringifyJson(body.value))
}

function wrongKind(registry: Registry, wanted: BodyKind, sent: TypeMeta): StatusError {
  if (wanted.schema.name !== '') {
    const why = notConvertible(registry, wanted, sent)
    const { version } = groupVersionOf(sent)
    if (why) return decodeFailure({ message: why }, { kind: sent.kind, version, wanted: wanted.kind }, new Uint8Array())
  }
  const apiVersion = apiVersionOf(wanted)
  return badRequest(
    sent.apiVersion === apiVersion
      ? `the kind in the data (${sent.kind}) does not match the expected kind (${wanted.kind})`
      : `the API version in the data (${sent.apiVersion}) does not match the expected API version (${apiVersion})`,
  )
}

/** Why upstream's decoder cannot make what is wanted of what was sent; undefined when it is the same kind of another version. */
export function notConvertible(
  { resources }: Pick<Registry, 'resources'>,
  wanted: BodyKind,
  sent: TypeMeta,
  scheme = SCHEME,
): string | undefined {
  const { group, version } = groupVersionOf(sent)
  const unknown = noSuchKind({ resources }, sent, scheme)
  if (unknown !== undefined) return unknown
  if (isOldScale(sent) && wanted.kind === 'Scale') return undefined
  if (group === wanted.group && sent.kind === wanted.kind) return undefined
  const [goPackage = ''] = (wanted.group || 'core').split('.')
  return `converting (${version}.${sent.kind}) to (${goPackage}.${wanted.kind}): unknown conversion`
}

/** The same of one that says it is of the kind that is wanted: there are kinds that only subresources have. */
function noSuchVersion(
  registry: Registry,
  { group, version, formerly = [] }: BodyKind,
  sent: TypeMeta,
): string | undefined {
  const known = [version, ...formerly].map((one) => apiVersionOf({ group, version: one }))
  return known.includes(sent.apiVersion) ? undefined : noSuchKind(registry, sent)
}

/** A Scale as it was before it had a group of its own: upstream knows them still. */
const isOldScale = ({ kind, apiVersion }: TypeMeta): boolean =>
  kind === 'Scale' && ['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'].includes(apiVersion)

const SCHEME = 'pkg/api/legacyscheme/scheme.go:30'

/** Why there can be no object of a type; undefined when there can. */
function noSuchKind({ resources }: Pick<Registry, 'resources'>, sent: TypeMeta, scheme = SCHEME): string | undefined {
  const { group, version } = groupVersionOf(sent)
  if (resources.findKind(group, version, sent.kind)) return undefined
  const listed = sent.kind.endsWith('List') && resources.findKind(group, version, sent.kind.slice(0, -'List'.length))
  if (listed || isOldScale(sent)) return undefined
  return `no kind ${JSON.stringify(sent.kind)} is registered for version ${JSON.stringify(sent.apiVersion)} in scheme "${scheme}"`
}

/** The two parts of an apiVersion. */
export function groupVersionOf({ apiVersion }: TypeMeta): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/')
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1) }
}

/** Decodes an object of metav1 along its schema, whatever apiVersion and kind it says it has. Unknown fields are dropped. */
export async function readAnyVersion(call: Call, kind: BodyKind): Promise<Record<string, unknown>> {
  const { object } = decodeBody(await bodyOf(call), call, { ...kind, bare: true, schema: kind.schema }, 'Ignore')
  // Upstream tells of it as of its own inner version.
  call.audit?.sent({ ...object, kind: kind.kind, apiVersion: 'meta.k8s.io/__internal' }, kind.schema)
  return object
}

type Body = { readonly bytes: Uint8Array } | { readonly value: unknown }

async function bodyOf(call: Call): Promise<Body> {
  if (call.body.kind === 'value') return { value: call.body.value }
  return { bytes: call.body.kind === 'none' ? new Uint8Array() : await call.body.read() }
}

function decodeBody(body: Body, call: Call, kind: Sought, validation: FieldValidation): Decoded {
  if ('value' in body) {
    const object = pruned(kind.schema, deepCopy(body.value), validation)
    if (object) return { object, violations: [] }
    return decodeBytes(new TextEncoder().encode(stringifyJson(body.value)), call, kind, validation)
  }
  return decodeBytes(body.bytes, call, kind, validation)
}

/** The value pruned in place, or undefined when something about it must be told. */
function pruned(
  schema: StructSchema,
  value: unknown,
  validation: FieldValidation,
): Record<string, unknown> | undefined {
  try {
    const { object, unknown } = pruneObject(schema, value)
    return unknown && validation !== 'Ignore' ? undefined : object
  } catch (error) {
    if (error instanceof NotOfType) return undefined
    throw error
  }
}

/** The media type of a body; JSON when none is named. Throws 415. */
function mediaTypeOf(call: Call, { schema }: BodyKind): MediaType {
  const named = bareMediaType(header(call.headers, 'content-type')) || JSON_TYPE
  const types = schema.name === '' ? CUSTOM_MEDIA_TYPES : ALL_MEDIA_TYPES
  const found = types.find((type) => type === named)
  // Upstream names protobuf among what it takes, whatever the kind.
  if (!found) throw unsupportedMediaType(ALL_MEDIA_TYPES)
  return found
}

function decode(bytes: Uint8Array, mediaType: MediaType, schema: StructSchema, validation: FieldValidation): Decoded {
  switch (mediaType) {
    case JSON_TYPE:
      return decodeJson(schema, bytes, validation)
    case YAML_TYPE:
      return decodeYaml(schema, bytes, validation)
    case PROTOBUF_TYPE:
      return { object: decodeProtobuf(schema, bytes), violations: [] }
  }
}

function decodeBytes(bytes: Uint8Array, call: Call, kind: Sought, validation: FieldValidation): Decoded {
  const mediaType = mediaTypeOf(call, kind)
  try {
    const decoded = decode(bytes, mediaType, kind.schema, validation)
    if (decoded.violations.length > 0 && validation === 'Strict') throw strictDecodingError(decoded.violations)
    return decoded
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (kind.bare) throw badRequest(error.message)
    const { kind: sent, apiVersion } = error.unrecognized ? NO_TYPE : sentType(bytes, mediaType)
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1) || kind.version
    const wrong = error.unrecognized ? undefined : misnamed(kind, { kind: sent, apiVersion }, bytes)
    if (wrong) throw wrong
    throw decodeFailure(error, { kind: sent || kind.kind, version, wanted: kind.kind }, bytes)
  }
}

/** What upstream sees before it looks at fields: what the body says it is. */
function misnamed(kind: Sought, sent: TypeMeta, bytes: Uint8Array): StatusError | undefined {
  if (kind.schema.name === '') return sent.kind === '' ? kindMissing(kind, bytes) : undefined
  const named = { kind: sent.kind || kind.kind, apiVersion: sent.apiVersion || apiVersionOf(kind) }
  checkGroupVersion(named.apiVersion, kind, { bytes })
  const message = kind.unregistered?.(named)
  const { version } = groupVersionOf(named)
  return message === undefined
    ? undefined
    : decodeFailure({ message }, { kind: named.kind, version, wanted: kind.kind }, bytes)
}

/** A patch's bytes; those of its JSON when it comes as a value. */
export async function readPatchBytes(call: Call): Promise<Uint8Array> {
  const bytes = bytesOf(await bodyOf(call))
  call.audit?.sentPatch(bytes)
  return bytes
}

const NO_TYPE = { kind: '', apiVersion: '' }

function sentType(bytes: Uint8Array, mediaType: MediaType): TypeMeta {
  if (mediaType === JSON_TYPE) return typeMetaOf(bytes)
  return mediaType === PROTOBUF_TYPE ? openEnvelope(bytes) : NO_TYPE
}

/** Whether a request has a body at all. */
export async function hasBody(call: Call): Promise<boolean> {
  const body = await bodyOf(call)
  return 'value' in body ? body.value !== undefined : body.bytes.length > 0
}
