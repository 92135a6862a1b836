import { RE2JS } from 're2js'

/** A regular expression with the syntax and the meaning of Go's (RE2): linear in time, whatever the pattern. */
export interface GoRegExp {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
}

/** Compiles a pattern; throws GoRegExpError, in Go's words, when it is none. */
export function compileGoRegExp(pattern: string): GoRegExp {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern)
  } catch (error) {
    throw new GoRegExpError(error instanceof Error ? error.message : String(error), { cause: error })
  }
  return { test: (text) => compiled.matcher(text).find() }
}

/** A pattern is not a regular expression. */
export class GoRegExpError extends Error {}
