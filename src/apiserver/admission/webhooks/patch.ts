import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeAny, decodeJson } from '../../../apimachinery/codec/json/decode.ts'
import { stringifyJson } from '../../../apimachinery/codec/json/encode.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { apiVersionOf, type KubeObject } from '../../../apimachinery/meta.ts'
import { PatchError } from '../../../apimachinery/patch/errors.ts'
import { applyJsonPatch, type JsonPatchOperation } from '../../../apimachinery/patch/json-patch.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { Env } from '../../../lib/env.ts'
import { copyJson, isJsonObject } from '../../../lib/json-value.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { AdmissionAttributes } from '../types.ts'
import { CallFailed, inVersion } from './ask.ts'
import { hasOwnKind, shown, type Verdict } from './review.ts'
import type { Invocation } from './select.ts'
import { converted } from './versions.ts'

/** A patch that was applied. */
export interface Applied {
  readonly operations: readonly JsonPatchOperation[]
  /** Whether the object is another now. */
  readonly changed: boolean
}

/** Applies a webhook's patch to the draft. Undefined when there is nothing to apply. Throws CallFailed, and 500 for a patch that does not fit. */
export async function applyPatch(
  env: Env,
  { hook, definition }: Invocation,
  attributes: AdmissionAttributes,
  { patch, patchType }: Verdict,
): Promise<Applied | undefined> {
  if (patch.length === 0) return undefined
  const operations = readPatch(patch, (why) => {
    return new CallFailed(hook, `received undecodable patch in webhook response: ${why}`)
  })
  if (operations.length === 0) return undefined
  const draft = attributes.object
  const live = await inVersion(() => shown(draft, attributes, definition))
  if (!live || !draft) {
    const what = `admission webhook ${goQuote(hook.webhook.name)} attempted to modify the object`
    throw internalError(new Error(`${what}, which is not supported for this operation`))
  }
  if (patchType !== 'JSONPatch') throw new CallFailed(hook, `unsupported patch type ${goQuote(patchType)}`)
  const patched = orInternal(() =>
    readObject(applyJsonPatch(copyJson(live), operations), { hook, definition }, attributes),
  )
  const changed = !semanticEqual(
    live,
    shown(patched, { operation: attributes.operation, definition, kind: kindOf(attributes, definition) }, definition),
  )
  if (changed) await inVersion(() => replaceDraft(draft, patched, { definition }, attributes, env))
  return { operations, changed }
}

/** As which kind a document of a version is shown. */
function kindOf(attributes: AdmissionAttributes, definition: Invocation['definition']): AdmissionAttributes['kind'] {
  return hasOwnKind(attributes) ? definition : attributes.kind
}

/** In the words of upstream's JSON patch library. */
function readPatch(patch: Uint8Array, failed: (why: string) => Error): readonly JsonPatchOperation[] {
  const fail = (value: unknown, type: string): Error => {
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    return failed(`json: cannot unmarshal ${what} into Go value of type jsonpatch.${type}`)
  }
  const value = orFailed(failed, () => decodeAny(patch, 'Ignore').value)
  if (value === null) return []
  if (!Array.isArray(value)) throw fail(value, 'Patch')
  return value.map((operation: unknown) => {
    if (operation === null || !isJsonObject(operation)) throw fail(operation, 'Operation')
    return operation as unknown as JsonPatchOperation
  })
}

function orFailed<T>(failed: (why: string) => Error, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof DecodeError ? failed(error.message) : error
  }
}

/** What the server itself makes of a patched document: fields that the kind does not have are dropped. */
function readObject(document: unknown, { definition }: Invocation, attributes: AdmissionAttributes): KubeObject {
  if (!hasOwnKind(attributes) && isJsonObject(document)) return document as unknown as KubeObject
  const { kind, apiVersion } = document as { readonly kind?: unknown; readonly apiVersion?: unknown }
  const isOther = kind !== definition.kind || apiVersion !== apiVersionOf(definition)
  if (definition.schema.name !== '' && typeof kind === 'string' && isOther) {
    const of = `${goQuote(kind)} is registered for version ${goQuote(String(apiVersion))}`
    throw new Error(`no kind ${of} in scheme "pkg/api/legacyscheme/scheme.go:30"`)
  }
  const { object } = decodeJson(definition.schema, new TextEncoder().encode(stringifyJson(document)), 'Ignore')
  return object as unknown as KubeObject
}

/** Puts a patched object of a version in the place of the draft, with the defaults of its kind. Throws NeedsConversion, before any change. */
export function replaceDraft(
  draft: KubeObject,
  patched: KubeObject,
  { definition }: Pick<Invocation, 'definition'>,
  attributes: AdmissionAttributes,
  env: Env,
): void {
  const { user, dryRun, subresource } = attributes
  const own = hasOwnKind(attributes)
  if (own) definition.defaults?.(patched, { env, user: user.name, userInfo: user, dryRun, subresource })
  const next = own ? converted(patched, definition, attributes.definition, attributes.convert) : patched
  for (const field of Object.keys(draft)) Reflect.deleteProperty(draft, field)
  Object.assign(draft, next)
}

function orInternal<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw internalError(error instanceof PatchError ? new Error(error.detail) : error)
  }
}
