import { equalJson } from '../../lib/json-value.ts'
import type { Frozen, ManagedFieldsEntry } from '../meta.ts'
import { equalSets } from './field-set.ts'
import type { FieldSet } from './field-set.ts'

type Entries = Frozen<ManagedFieldsEntry[]>

/**
 * The entries to keep when an apply came to an object that, after defaulting and admission, is the live one: the live
 * entries when nothing but times would change, so that the write is none (IgnoreManagedFieldsTimestampsTransformer).
 */
export function keepTimes(live: Entries, written: Entries): Entries {
  const same =
    live.length === written.length && live.every((entry, index) => equalButForTime(entry, written[index] ?? {}))
  return same ? live : written
}

function equalButForTime(a: Entries[number], b: Entries[number]): boolean {
  const { time: _, fieldsV1: left, ...rest } = a
  const { time: __, fieldsV1: right, ...other } = b
  return equalJson(rest, other) && equalSets((left ?? {}) as FieldSet, (right ?? {}) as FieldSet)
}
