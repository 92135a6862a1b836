import type { Schema } from '../../schema.ts'
import { unexpectedPatch } from '../errors.ts'

/** How a field is patched. */
export interface PatchMeta {
  /** The schema of the field's value, or of a list's items; undefined below what has no schema. */
  readonly schema: Schema | undefined
  readonly strategy: 'merge' | 'replace' | ''
  /** Names the items of a merged list; empty for lists of primitives. */
  readonly mergeKey: string
}

/** The patch metadata of an object's field. Values of maps, and fields without a schema, have none. */
export function fieldMeta(schema: Schema | undefined, key: string): PatchMeta {
  if (schema?.kind === 'map') return { schema: schema.values, strategy: '', mergeKey: '' }
  const field = schema?.kind === 'struct' ? schema.fields.get(key) : undefined
  const strategy = field?.patchStrategy?.find((s) => s !== 'retainKeys')
  return { schema: field?.schema, strategy: strategy ?? '', mergeKey: field?.patchMergeKey ?? '' }
}

/** The same for a field that holds a list; `schema` is that of its items. */
export function listMeta(schema: Schema | undefined, key: string): PatchMeta {
  const meta = fieldMeta(schema, key)
  if (meta.schema?.kind !== 'list') return { ...meta, schema: undefined }
  if (meta.schema.items.kind === 'list') throw unexpectedPatch('unexpected slice of slice')
  return { ...meta, schema: meta.schema.items }
}
