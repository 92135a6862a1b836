import { CST, Lexer } from 'yaml'

/** Upstream's limit for a document of YAML. What is parsed is held to less, as JSON is. */
export const MAX_YAML_DEPTH = 10_000

/**
 * Whether collections stand in each other deeper than upstream allows. Told before the text is parsed, which takes a hundred megabytes for
 * half a megabyte of brackets.
 */
export function isTooDeep(text: string): boolean {
  if (!mayBeTooDeep(text)) return false
  let flow = 0
  let onLine = 0
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token)
    if (type === 'flow-seq-start' || type === 'flow-map-start') flow++
    else if (type === 'flow-seq-end' || type === 'flow-map-end') flow--
    else if (type === 'newline') onLine = 0
    // Lists in lists on one line: deeper over several lines they would be too long.
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind') onLine++
    if (flow > MAX_YAML_DEPTH || onLine > MAX_YAML_DEPTH) return true
  }
  return false
}

const OPENS = new Set(Array.from('[{-?', (char) => char.charCodeAt(0)))

/** Few texts have so much that opens a collection. */
function mayBeTooDeep(text: string): boolean {
  if (text.length <= MAX_YAML_DEPTH) return false
  let opens = 0
  for (let i = 0; i < text.length; i++) if (OPENS.has(text.charCodeAt(i))) opens++
  return opens > MAX_YAML_DEPTH
}
