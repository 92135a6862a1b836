import { concatenated } from '../../../lib/bytes.ts'
import type { AuditEvent } from '../event.ts'
import type { AuditBackend, LostEvents } from './sink.ts'

/** The forms of a line: JSON, or upstream's old text. */
export const LOG_FORMATS = ['legacy', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Where lines go. */
export interface LogFile {
  /** Throws when the bytes are not written. */
  write(bytes: Uint8Array): void
  close(): Promise<void>
}

const encoder = new TextEncoder()

const NOTHING = new Uint8Array()

/** Writes each event as a line, those that come together at once. */
export function logBackend(file: LogFile, format: LogFormat, lost: LostEvents): AuditBackend {
  return {
    process(events) {
      try {
        const lines = events.map((event) => lineOf(event, format))
        file.write(lines.length === 1 ? (lines[0] ?? NOTHING) : concatenated(lines))
        return true
      } catch (error) {
        lost('log', error, events)
        return false
      }
    },
    shutdown: () => file.close(),
  }
}

function lineOf(event: AuditEvent, format: LogFormat): Uint8Array {
  if (format === 'legacy') return encoder.encode(`${event.line()}\n`)
  return event.jsonLine()
}
