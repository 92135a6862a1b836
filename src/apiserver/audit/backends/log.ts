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

/** Writes each event as a line. */
export function logBackend(file: LogFile, format: LogFormat, lost: LostEvents): AuditBackend {
  return {
    process(events) {
      let all = true
      for (const event of events) {
        try {
          file.write(lineOf(event, format))
        } catch (error) {
          all = false
          lost('log', error, [event])
        }
      }
      return all
    },
    shutdown: () => file.close(),
  }
}

function lineOf(event: AuditEvent, format: LogFormat): Uint8Array {
  if (format === 'legacy') return encoder.encode(`${event.line()}\n`)
  return event.jsonLine()
}
