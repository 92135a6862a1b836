import { RE2JS, RE2JSException } from 're2js'
import { CelError, type CelValue, isError, noSuchOverload } from '../values/values.ts'

/** A regular expression of RE2: matching takes time linear in the text, whatever the pattern. */
export type Pattern = RE2JS

/** Compiles a pattern, with the complaint of Go's regexp if it is none. */
export function compilePattern(source: string): Pattern | CelError {
  try {
    return RE2JS.compile(source)
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
  const compiled = compilePattern(pattern)
  return isError(compiled) ? compiled : compiled.matcher(text).find()
}
