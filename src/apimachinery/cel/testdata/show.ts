import { CelType } from '../check/types.ts'
import { formatDurationNanos } from '../../duration/duration.ts'
import { doubleText, timestampText } from '../values/convert.ts'
import {
  CelList,
  CelMap,
  type CelValue,
  Double,
  Duration,
  Opaque,
  Optional,
  Timestamp,
  Uint,
} from '../values/values.ts'

/** A value as the recorded facts spell it. */
export function show(value: CelValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null) return 'null'
  if (typeof value !== 'object') return String(value)
  if (value instanceof Double) return `${doubleText(value.value)}d`
  if (value instanceof Uint) return `${value.value}u`
  if (value instanceof Uint8Array) return `b[${[...value].join(' ')}]`
  if (value instanceof Timestamp) return `timestamp(${timestampText(value)})`
  if (value instanceof Duration) return `duration(${formatDurationNanos(value.nanos)})`
  if (value instanceof Optional) return value.value === undefined ? 'optional.none' : `optional(${show(value.value)})`
  if (value instanceof CelType) return `type(${value.name})`
  if (value instanceof CelList) return `[${[...value].map(show).join(', ')}]`
  if (value instanceof Opaque) return value.toText?.() ?? 'opaque'
  if (!(value instanceof CelMap)) return 'error'
  const entries = [...value.keys()].map((key) => [show(key), show(value.find(key) ?? null)] as const)
  return JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}
