import { codePoints } from '../values/text.ts'

/** A complaint about a source text at an offset (UTF-16 units; -1: no place). */
export interface Issue {
  readonly offset: number
  readonly message: string
}

const MAX_ISSUES = 100
const MAX_SNIPPET = 16384

/** All issues as upstream prints them: sorted by place, each with its line and a mark under the column. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  const shown = issues.slice(0, MAX_ISSUES)
  const located = shown.map((issue) => ({ ...locate(source, issue.offset), message: issue.message }))
  located.sort((a, b) => a.line - b.line || a.column - b.column)
  const lines = source.split('\n')
  const texts = located.map((issue) => formatIssue(lines, issue.line, issue.column, issue.message))
  if (issues.length > MAX_ISSUES) texts.push(`${issues.length - MAX_ISSUES} more errors were truncated`)
  return texts.join('\n')
}

/** Line from 1 and column from 0, in code points. */
function locate(source: string, offset: number): { line: number; column: number } {
  if (offset < 0) return { line: -1, column: -1 }
  const before = source.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: codePoints(before.slice(start)) }
}

function formatIssue(lines: readonly string[], line: number, column: number, message: string): string {
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`
  const text = lines[line - 1]
  if (text === undefined || text.length > MAX_SNIPPET) return head
  const snippet = text.replaceAll('\t', ' ')
  return `${head}\n | ${snippet}\n | ${marks(snippet, column)}`
}

/** Dots up to the column and a caret at it, full width ones where the character takes more than a byte. */
function marks(snippet: string, column: number): string {
  const characters = Array.from(snippet)
  const dots = characters.slice(0, column).map((c) => (isWide(c) ? '\uff0e' : '.'))
  const at = characters[column]
  return dots.join('') + (at !== undefined && isWide(at) ? '\uff3e' : '^')
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f
}
