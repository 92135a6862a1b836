import { RE2JS, RE2JSException } from 're2js'
import { Lru } from '../../../lib/lru.ts'
import { CelError, type CelValue, isError, noSuchOverload } from '../values/values.ts'

/** A regular expression of RE2: matching takes time linear in the text, whatever the pattern. */
export type Pattern = RE2JS

/** Patterns that are no constants are the same again and again. */
const compiled = new Lru<string, Pattern>(512)
const MAX_KEPT = 256

/** Compiles a pattern, with the complaint of Go's regexp if it is none. */
export function compilePattern(source: string): Pattern | CelError {
  const known = compiled.get(source)
  if (known !== undefined) return known
  try {
    const pattern = RE2JS.compile(source)
    if (source.length <= MAX_KEPT) compiled.set(source, pattern)
    return pattern
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    // upstream names the part that is wrong, which here is nothing
    const trailing = error.message.endsWith('trailing backslash at end of expression')
    return new CelError(trailing ? `${error.message}: \`\`` : error.message)
  }
}

/** `text.matches(pattern)`: anywhere in the text. */
export function matches(text: CelValue, pattern: CelValue): CelValue {
  if (typeof text !== 'string' || typeof pattern !== 'string') return noSuchOverload
  const known = compilePattern(pattern)
  return isError(known) ? known : known.matcher(text).find()
}
