import { decodeBase64, encodeBase64 } from '../../lib/base64.ts'
import { canonicalMicroTime, canonicalTime } from '../duration/time.ts'
import { formatDurationNanos, parseDurationNanos } from '../duration/duration.ts'
import { ParseError } from '../parse-error.ts'
import { canonicalQuantity } from '../quantity/text.ts'

/** The instant that Go takes for "unset". */
const ZERO_TIME = '0001-01-01T00:00:00Z'

/** A metav1.Time as it is kept; null for the zero instant. Throws ParseError. */
export function keptTime(text: string): string | null {
  const time = canonicalTime(text)
  return time === ZERO_TIME ? null : time
}

/** A metav1.MicroTime as it is kept; null for the zero instant. Throws ParseError. */
export function keptMicroTime(text: string): string | null {
  const time = canonicalMicroTime(text)
  return time.startsWith(ZERO_TIME.slice(0, -1)) ? null : time
}

/** A metav1.Duration as it is kept: `90s` becomes `1m30s`. Throws ParseError. */
export const keptDuration = (text: string): string => formatDurationNanos(parseDurationNanos(text))

/** A quantity as it is kept: `0.5` becomes `500m`. Throws ParseError. */
export const keptQuantity = (text: string): string => canonicalQuantity(text.trim())

/** Base64 as it is kept: one line, unused bits clear. Throws ParseError. */
export function keptBytes(text: string): string {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*$/.test(text)) return text
  const bytes = decodeBase64(text)
  if (typeof bytes === 'number') throw new ParseError(`illegal base64 data at input byte ${bytes}`)
  return encodeBase64(bytes)
}

/** Whether a number is a whole one of 32 bits. */
export const isInt32 = (value: number): boolean => (value | 0) === value
