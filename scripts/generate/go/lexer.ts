/**
 * The tokens of a Go file, as far as declarations need them. Comments are kept apart, in groups, because
 * the markers of Kubernetes' code generators stand in them.
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'punctuation'
  /** For a string: its value, unquoted. */
  readonly text: string
  readonly line: number
}

/** Comment lines that follow each other without a gap. */
export interface CommentGroup {
  readonly firstLine: number
  readonly lastLine: number
  /** Without the comment signs. */
  readonly lines: readonly string[]
}

export interface Lexed {
  readonly tokens: readonly Token[]
  readonly comments: readonly CommentGroup[]
}

const PATTERN =
  /(?<space>[ \t\r]+)|(?<newline>\n)|(?<comment>\/\/[^\n]*)|(?<block>\/\*[\s\S]*?\*\/)|(?<raw>`[^`]*`)|(?<quoted>"(?:[^"\\\n]|\\.)*")|(?<rune>'(?:[^'\\\n]|\\.)+')|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<number>[0-9][0-9a-zA-Z_.]*)|(?<punctuation>\.\.\.|:=|<-|<<|>>|&&|\|\||[=!<>]=|.)/uy

interface Comment {
  readonly line: number
  readonly lastLine: number
  readonly lines: readonly string[]
  /** Follows code on its line, so it documents nothing below. */
  readonly trailing: boolean
}

/** Splits Go source into tokens and comment groups. */
export function lex(source: string): Lexed {
  const tokens: Token[] = []
  const comments: Comment[] = []
  let line = 1
  for (const match of source.matchAll(new RegExp(PATTERN, 'guy'))) {
    const text = match[0]
    const found = match.groups ?? {}
    const lastLine = line + (text.match(/\n/g)?.length ?? 0)
    if (found.comment !== undefined || found.block !== undefined) {
      comments.push({ line, lastLine, lines: commentLines(text), trailing: tokens.at(-1)?.line === line })
    } else if (found.raw !== undefined) tokens.push({ kind: 'string', text: text.slice(1, -1), line })
    else if (found.quoted !== undefined) tokens.push({ kind: 'string', text: unquote(text), line })
    else if (found.word !== undefined) tokens.push({ kind: 'word', text, line })
    else if (found.number !== undefined || found.rune !== undefined) tokens.push({ kind: 'number', text, line })
    else if (found.punctuation !== undefined) tokens.push({ kind: 'punctuation', text, line })
    line = lastLine
  }
  return { tokens, comments: group(comments) }
}

function commentLines(text: string): string[] {
  if (text.startsWith('//')) return [text.slice(2).replace(/^ /, '')]
  return text.slice(2, -2).split('\n')
}

/** Go's escapes, of which JSON has all that API packages use. */
function unquote(text: string): string {
  return JSON.parse(text.replace(/\\x([0-9a-fA-F]{2})/g, '\\u00$1').replace(/\\a/g, '\\u0007')) as string
}

function group(comments: readonly Comment[]): CommentGroup[] {
  const groups: { firstLine: number; lastLine: number; lines: string[]; trailing: boolean }[] = []
  for (const { line, lastLine, lines, trailing } of comments) {
    const last = groups.at(-1)
    if (last && last.lastLine === line - 1 && !trailing && !last.trailing) {
      last.lastLine = lastLine
      last.lines.push(...lines)
    } else groups.push({ firstLine: line, lastLine, lines: [...lines], trailing })
  }
  return groups.filter((g) => !g.trailing)
}
