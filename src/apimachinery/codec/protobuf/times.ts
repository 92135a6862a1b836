import { formatMicroTime, formatTime, parseTime } from '../../duration/time.ts'

/** Seconds and nanoseconds of google.protobuf.Timestamp, as metav1.Time and MicroTime have them. */
export interface ProtoTime {
  readonly seconds: number
  readonly nanos: number
}

/** Of a time's text. Throws ParseError. */
export function protoTimeOf(text: string, kind: 'time' | 'microTime'): ProtoTime {
  const { seconds, micros } = parseTime(text)
  return { seconds, nanos: kind === 'microTime' ? micros * 1000 : 0 }
}

/** The first instant that text can have, and the last; outside Go would print what nobody reads. */
const FIRST = -62_135_596_800
const LAST = 253_402_300_799

/** The text of a time; undefined for the zero instant and for what no text can say. */
export function timeOfProto({ seconds, nanos }: ProtoTime, kind: 'time' | 'microTime'): string | undefined {
  if (seconds <= FIRST || seconds > LAST) return undefined
  const micros = Math.trunc(nanos / 1000)
  if (kind === 'time') return formatTime({ seconds, micros })
  return micros >= 0 && micros < 1_000_000 ? formatMicroTime({ seconds, micros }) : undefined
}
