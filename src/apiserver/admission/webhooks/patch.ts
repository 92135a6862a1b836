import { decodeValue } from '../../../apimachinery/codec/json/decode.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import { PatchError } from '../../../apimachinery/patch/errors.ts'
import { applyJsonPatch, type JsonPatchOperation } from '../../../apimachinery/patch/json-patch.ts'
import { readJsonPatch } from '../../../apimachinery/patch/patch.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { Env } from '../../../lib/env.ts'
import { copyJson, isJsonObject } from '../../../lib/json-value.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { AdmissionAttributes } from '../types.ts'
import { CallFailed } from './ask.ts'
import { hasOwnKind, shown, type Verdict } from './review.ts'
import type { Invocation } from './select.ts'
import { converted } from './versions.ts'

/** A patch that was applied. */
export interface Applied {
  readonly operations: readonly JsonPatchOperation[]
  /** Whether the object is another now. */
  readonly changed: boolean
}

/** Applies a webhook's patch to the draft. Undefined when there is nothing to apply. Throws 500 for a patch that does not fit. */
export function applyPatch(
  env: Env,
  { hook, definition }: Invocation,
  attributes: AdmissionAttributes,
  { patch, patchType }: Verdict,
): Applied | undefined {
  if (patch.length === 0) return undefined
  const { operations } = orInternal(() => readJsonPatch(patch, 'Ignore'))
  if (operations.length === 0) return undefined
  const live = shown(attributes.object, attributes, definition)
  const draft = attributes.object
  if (!live || !draft) {
    const what = `admission webhook ${goQuote(hook.webhook.name)} attempted to modify the object`
    throw internalError(new Error(`${what}, which is not supported for this operation`))
  }
  if (patchType !== 'JSONPatch') throw new CallFailed(hook, `unsupported patch type ${goQuote(patchType)}`)
  const patched = orInternal(() =>
    readObject(applyJsonPatch(copyJson(live), operations), { hook, definition }, attributes),
  )
  const changed = !semanticEqual(live, shownAgain(patched, { hook, definition }, attributes))
  if (changed) replaceDraft(draft, patched, { definition }, attributes, env)
  return { operations, changed }
}

/** What the server itself makes of a patched document: fields that the kind does not have are dropped. */
function readObject(document: unknown, { definition }: Invocation, attributes: AdmissionAttributes): KubeObject {
  if (!isJsonObject(document)) throw new Error('json: cannot unmarshal array into Go value')
  if (!hasOwnKind(attributes)) return document as unknown as KubeObject
  return decodeValue(definition.schema, document, 'Ignore').object as unknown as KubeObject
}

function shownAgain(object: KubeObject, { definition }: Invocation, attributes: AdmissionAttributes): unknown {
  return shown(object, { ...attributes, definition }, definition)
}

/** Puts a patched object of a version in the place of the draft, with the defaults of its kind. */
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
  const next = own ? converted(patched, definition, attributes.definition) : patched
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
