import { copyJson } from '../../../lib/json-value.ts'
import { encodedValue } from '../../../apimachinery/codec/json/value.ts'
import { apiVersionOf, type Frozen, type KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { AdmissionAttributes } from '../types.ts'
import { converted } from './versions.ts'
import type { Hook } from './types.ts'

const GROUP = 'admission.k8s.io'
/** The versions that can be spoken. */
export type ReviewVersion = 'v1' | 'v1beta1'

/** The first version that a webhook accepts and that can be spoken. Throws when there is none. */
export function reviewVersion({ webhook }: Hook): ReviewVersion {
  for (const version of webhook.admissionReviewVersions) {
    if (version === 'v1' || version === 'v1beta1') return version
  }
  throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)')
}

/** Whether the body is the resource's own kind, and so has its schema. */
export function hasOwnKind({ kind, definition }: Pick<AdmissionAttributes, 'kind' | 'definition'>): boolean {
  return kind.kind === definition.kind && kind.group === definition.group
}

/** An object as clients see it, in the version a webhook wants; a JSON value of its own. Throws NeedsConversion. */
export function shown(
  object: Frozen<KubeObject> | undefined,
  attributes: Pick<AdmissionAttributes, 'definition' | 'kind' | 'convert' | 'operation'>,
  definition: ResourceDefinition,
): Record<string, unknown> | null {
  if (!object) return null
  if (!hasOwnKind(attributes)) return bodyOf(object, attributes)
  const other = converted(object, attributes.definition, definition, attributes.convert)
  const typed = { ...other, kind: definition.kind, apiVersion: apiVersionOf(definition) }
  return encodedValue(definition.schema, typed)
}

/** A body of another kind than the resource's; the options of a connection have no metadata. */
function bodyOf(
  object: Frozen<KubeObject>,
  { operation }: Pick<AdmissionAttributes, 'operation'>,
): Record<string, unknown> {
  const { metadata, ...rest } = copyJson(object) as unknown as Record<string, unknown>
  return operation === 'CONNECT' ? rest : { metadata, ...rest }
}

/** The AdmissionReview that asks about a request. Throws NeedsConversion. */
export function reviewOf(
  version: ReviewVersion,
  uid: string,
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
): Record<string, unknown> {
  const object = shown(attributes.object, attributes, definition)
  const oldObject = shown(attributes.oldObject, attributes, definition)
  const request = requestOf(uid, attributes, definition, { object, oldObject })
  return { kind: 'AdmissionReview', apiVersion: `${GROUP}/${version}`, request }
}

/** The request of a review: who wants to do what, with these objects. */
export function requestOf(
  uid: string,
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
  objects: { readonly object: unknown; readonly oldObject: unknown },
): Record<string, unknown> {
  const { name, namespace, operation, user, dryRun, subresource } = attributes
  const kind = hasOwnKind(attributes) ? definition : attributes.kind
  const sub = subresource && { subResource: subresource, requestSubResource: subresource }
  return {
    uid,
    kind: kindOf(kind),
    resource: resourceOf(definition),
    ...sub,
    requestKind: kindOf(attributes.kind),
    requestResource: resourceOf(attributes.definition),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid && { uid: user.uid }),
      groups: user.groups,
      ...(user.extra && { extra: user.extra }),
    },
    ...objects,
    dryRun,
    options: optionsOf(attributes),
  }
}

const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' } as const

function optionsOf({ operation, options }: AdmissionAttributes): Record<string, unknown> | null {
  const kind = OPTIONS[operation]
  return kind ? { ...options, kind, apiVersion: 'meta.k8s.io/v1' } : null
}

function kindOf({ group, version, kind }: AdmissionAttributes['kind']): AdmissionAttributes['kind'] {
  return { group, version, kind }
}

function resourceOf({ group, version, plural }: ResourceDefinition): Record<string, string> {
  return { group, version, resource: plural }
}

/** What a webhook says. */
export interface Verdict {
  readonly allowed: boolean
  /** A Status. */
  readonly result: Record<string, unknown> | undefined
  readonly patch: Uint8Array
  readonly patchType: string
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

interface Response {
  readonly uid?: string
  readonly allowed?: boolean
  readonly status?: Record<string, unknown>
  readonly patch?: string
  readonly patchType?: string
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** Reads an answer, decoded. Throws, in upstream's words, when it is not one to the question. */
export function verdictOf(
  version: ReviewVersion,
  uid: string,
  mutating: boolean,
  review: Readonly<Record<string, unknown>>,
): Verdict {
  const { response } = review
  if (!isJsonObject(response)) throw new Error('webhook response was absent')
  const given = response as Response
  if (version === 'v1') checkV1(review, given, uid, mutating)
  const decoded = mutating ? decodeBase64(given.patch ?? '') : new Uint8Array()
  const patch = typeof decoded === 'number' ? new Uint8Array() : decoded
  return {
    allowed: given.allowed === true,
    result: given.status,
    patch,
    patchType: version === 'v1' ? (given.patchType ?? '') : 'JSONPatch',
    warnings: given.warnings ?? [],
    auditAnnotations: given.auditAnnotations ?? {},
  }
}

function checkV1(review: Readonly<Record<string, unknown>>, response: Response, uid: string, mutating: boolean): void {
  const { patch = '', patchType } = response
  const fail = (message: string): never => {
    throw new Error(message)
  }
  if (response.uid !== uid) fail(`expected response.uid=${goQuote(uid)}, got ${goQuote(response.uid ?? '')}`)
  const { kind = '', apiVersion = '/' } = review
  if (kind !== 'AdmissionReview' || apiVersion !== `${GROUP}/v1`) {
    fail(
      `expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${String(apiVersion)}, Kind=${String(kind)}`,
    )
  }
  if (!mutating) {
    if (patch) fail('validating webhook may not return response.patch')
    if (patchType !== undefined) fail('validating webhook may not return response.patchType')
    return
  }
  if (patch && patchType === undefined) fail('webhook returned response.patch but not response.patchType')
  if (!patch && patchType !== undefined) fail('webhook returned response.patchType but not response.patch')
  if (patchType === '') fail('webhook returned invalid response.patchType of ""')
}
