import { stringify } from 'yaml'
import type { CliContext, Output } from './context.ts'
import type { OutputFormat } from './flags.ts'

/** Prints a value for programs, or what `text` makes of it for people. */
export function print<T>(
  context: CliContext,
  value: T,
  format: OutputFormat | undefined,
  text: (value: T) => string,
): void {
  if (format === 'json') context.out.write(`${JSON.stringify(value, null, 2)}\n`)
  else if (format === 'yaml') context.out.write(stringify(value))
  else context.out.write(text(value))
}

/** Rows under a head, in columns as kubectl sets them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Bytes as people say them: 1.4MB. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3))
  const amount = bytes / 1000 ** step
  return `${step === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)}${units[step]}`
}

/** A span as kubectl says it: 5s, 3m, 2h, 4d. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 120) return `${seconds}s`
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Styles for a terminal; nothing elsewhere. */
export function style(output: Output, code: 'bold' | 'red' | 'green' | 'dim', text: string): string {
  const codes = { bold: 1, dim: 2, red: 31, green: 32 }
  return output.isTerminal ? `\u001b[${codes[code]}m${text}\u001b[0m` : text
}
