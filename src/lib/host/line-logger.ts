import type { Clock } from '../clock.ts'
import type { LogFields, Logger } from '../log.ts'
import { DEBUG, type Verbosity } from '../verbosity.ts'

/** How much is logged: each level includes those after it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LineLoggerOptions {
  readonly clock: Clock
  readonly level: LogLevel
  /** Says at any time whether `debug` is logged, too. */
  readonly verbosity?: Verbosity
  /** `text`: time, level, message, key=value. `json`: one object a line. */
  readonly format: 'text' | 'json'
  /** Takes one line, with its line end. */
  readonly write: (line: string) => void
}

/** A logger that writes one line for each entry. */
export function lineLogger(options: LineLoggerOptions, fields: LogFields = {}): Logger {
  const least = LOG_LEVELS.indexOf(options.level)
  const enabled = (level: LogLevel): boolean =>
    LOG_LEVELS.indexOf(level) >= least || (options.verbosity !== undefined && options.verbosity.level >= DEBUG)
  const at = (level: LogLevel) => (message: string, more?: LogFields) => {
    if (enabled(level)) options.write(formatLine(options, level, message, { ...fields, ...more }))
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (more) => lineLogger(options, { ...fields, ...more }),
  }
}

function formatLine({ clock, format }: LineLoggerOptions, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date(clock.now()).toISOString()
  const plain = Object.entries(fields).map(([key, value]) => [key, plainValue(value)] as const)
  if (format === 'json') return `${JSON.stringify({ time, level, message, ...Object.fromEntries(plain) })}\n`
  const pairs = plain.map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`,
  )
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`
}

function plainValue(value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const cause = value.cause === undefined ? '' : `: ${errorText(value.cause)}`
  return `${value.message}${cause}`
}

function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text)
}
