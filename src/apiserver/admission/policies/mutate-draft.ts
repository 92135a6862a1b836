import { ANY } from '../../../apimachinery/apply/shape.ts'
import { decodeValue } from '../../../apimachinery/codec/json/decode.ts'
import { strictDecodingError } from '../../../apimachinery/codec/errors.ts'
import type { CelValue } from '../../../apimachinery/cel/index.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { Schema } from '../../../apimachinery/schema.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { Env } from '../../../lib/env.ts'
import { copyJson } from '../../../lib/json-value.ts'
import type { AdmissionAttributes } from '../types.ts'
import { replaceDraft } from '../webhooks/patch.ts'
import { hasOwnKind, shown } from '../webhooks/review.ts'
import { applyConfiguration } from './apply-configuration.ts'
import { applyOperations } from './json-patch.ts'
import { type CompiledMutation, MutationError } from './mutator.ts'

/** Puts a mutation's patch into effect on the draft, in the version the policy is for. Throws MutationError, and 500. */
export function mutateDraft(
  env: Env,
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
  { patchType }: CompiledMutation,
  patch: CelValue,
): void {
  const draft = attributes.object
  const live = shown(draft, attributes, definition)
  if (!draft || !live) return
  const isPatch = patchType === 'JSONPatch'
  const patched = isPatch
    ? applyOperations(live, patch)
    : applyConfiguration(schemaOf(attributes, definition), live, patch)
  const object = decoded(attributes, definition, copyJson(patched) as object, isPatch)
  replaceDraft(draft, object, { definition }, attributes, env)
}

/** As upstream, which looks a body's kind up among its own group's: Scale and Eviction cannot be applied to. */
function schemaOf(attributes: AdmissionAttributes, definition: ResourceDefinition): Schema {
  if (hasOwnKind(attributes)) return definition.schema
  const { group, version, kind } = attributes.kind
  if (group === '') return ANY
  const why = `no corresponding type for ${group}/${version}, Kind=${kind}`
  throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${why}`)
}

/** A JSON Patch must not bring fields that the kind does not have; custom kinds drop them later. */
function decoded(
  attributes: AdmissionAttributes,
  { schema }: ResourceDefinition,
  document: object,
  strict: boolean,
): KubeObject {
  if (!hasOwnKind(attributes)) return document as KubeObject
  try {
    const validation = strict && schema.name !== '' ? 'Strict' : 'Ignore'
    const { object, violations } = decodeValue(schema, document, validation)
    if (violations.length > 0) throw strictDecodingError(violations)
    return object as unknown as KubeObject
  } catch (error) {
    throw internalError(error)
  }
}
