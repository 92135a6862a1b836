import { ByteSink } from '../../../lib/byte-sink.ts'
import type { AuditBackend, LostEvents } from './sink.ts'

/** The forms of a line: JSON, or upstream's old text. */
export const LOG_FORMATS = ['legacy', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Where lines go. */
export interface LogFile {
  /** Throws when the bytes are not written. They are its caller's: whoever needs them longer copies them. */
  write(bytes: Uint8Array): void
  close(): Promise<void>
}

/** Its buffer is kept from one write to the next, unless one was larger than most. */
const USUAL_BYTES = 64 * 1024
const MOST_BYTES = 1024 * 1024

/** Writes each event as a line, those that come together at once. */
export function logBackend(file: LogFile, format: LogFormat, lost: LostEvents): AuditBackend {
  let lines = new ByteSink(USUAL_BYTES)
  return {
    process(events) {
      try {
        lines.clear()
        for (const event of events) {
          if (format === 'json') event.writeLine(lines)
          else lines.text(`${event.line()}\n`)
        }
        file.write(lines.view())
        return true
      } catch (error) {
        lost('log', error, events)
        return false
      } finally {
        if (lines.capacity > MOST_BYTES) lines = new ByteSink(USUAL_BYTES)
      }
    },
    shutdown: () => file.close(),
  }
}
