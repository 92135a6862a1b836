/** What client-side `kubectl apply` leaves on objects, and how apply on the server deals with it. */
import { stringifyJson } from '../codec/json/encode.ts'
import { escapeHtml, isJsonObject, sortKeys } from '../../lib/json-value.ts'
import type { Frozen, KubeObject } from '../meta.ts'
import { byteLength } from '../validation/names.ts'
import { compare } from './compare.ts'
import { difference } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { UnidentifiedItem } from './list-item.ts'
import { toFieldSet } from './to-field-set.ts'
import type { ManagedWrite } from './update.ts'
import { shapeProblems } from './validate.ts'

/** Holds the configuration that was last applied on the client's side. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const ANNOTATIONS_MAX_BYTES = 256 * 1024

/** The annotation's text, empty when it is not there. */
export const lastAppliedOf = (object: Frozen<KubeObject>): string => object.metadata.annotations?.[LAST_APPLIED] ?? ''

/**
 * The fields that the annotation says were applied and that are still as it says; undefined when it is missing, cannot
 * be read, or is of another version.
 */
export function ownedByLastApplied(live: Frozen<KubeObject>, write: ManagedWrite): FieldSet | undefined {
  const { schema, apiVersion } = write
  const configuration = parse(lastAppliedOf(live))
  if (configuration?.apiVersion !== apiVersion) return undefined
  try {
    if (shapeProblems(schema, configuration) !== undefined || shapeProblems(schema, live) !== undefined)
      return undefined
    const { changed, removed } = compare(schema, configuration, live, { view: 'literal' })
    return difference(difference(toFieldSet(schema, configuration), changed), removed)
  } catch (error) {
    if (error instanceof UnidentifiedItem) return undefined
    throw error
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  if (text === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The object with the annotation set to a configuration, or removed where it would make the annotations too large. */
export function withLastApplied(object: Frozen<KubeObject>, applied: Frozen<KubeObject>): Frozen<KubeObject> {
  const text = `${escapeHtml(stringifyJson(sortKeys(withoutAnnotation(applied))))}\n`
  const { [LAST_APPLIED]: before, ...others } = object.metadata.annotations ?? {}
  if (before === text) return object
  const all = Object.entries({ ...others, [LAST_APPLIED]: text })
  const size = all.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0)
  const annotations = size > ANNOTATIONS_MAX_BYTES ? others : Object.fromEntries(all)
  return { ...object, metadata: { ...object.metadata, annotations } }
}

function withoutAnnotation(applied: Frozen<KubeObject>): Frozen<KubeObject> {
  const { annotations, ...metadata } = applied.metadata as { annotations?: Record<string, string> | null }
  if (annotations === null) return { ...applied, metadata }
  if (annotations?.[LAST_APPLIED] === undefined) return applied
  const { [LAST_APPLIED]: _, ...others } = annotations
  return { ...applied, metadata: { ...applied.metadata, annotations: others } }
}
