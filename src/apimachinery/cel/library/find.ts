import { ArrayList, type CelValue, isError, noSuchOverload } from '../values/values.ts'
import { INT, listType, STRING } from '../check/types.ts'
import { type FunctionDecl, fn, type Implementation, member } from './functions.ts'
import { compilePattern, type Pattern } from './regex.ts'

/** The first match, or the empty string. */
export function findFirst(pattern: Pattern, text: string): string {
  const matcher = pattern.matcher(text)
  return matcher.find() ? (matcher.group() ?? '') : ''
}

/** All matches up to a number of them; below zero: all. */
export function findAll(pattern: Pattern, text: string, limit: number): CelValue {
  const found: string[] = []
  const matcher = pattern.matcher(text)
  while (found.length !== limit && matcher.find()) found.push(matcher.group() ?? '')
  return new ArrayList(found)
}

function withPattern(act: (pattern: Pattern, text: string, limit: number) => CelValue): Implementation {
  return (text, source, limit) => {
    if (typeof text !== 'string' || typeof source !== 'string') return noSuchOverload
    const pattern = compilePattern(source)
    if (isError(pattern)) return pattern
    return act(pattern, text, typeof limit === 'number' ? limit : -1)
  }
}

/** Kubernetes' regular expression library. */
export const regexLibrary: readonly FunctionDecl[] = [
  fn('find', member('string_find_string', [STRING, STRING], STRING, withPattern(findFirst))),
  fn(
    'findAll',
    member('string_find_all_string', [STRING, STRING], listType(STRING), withPattern(findAll)),
    member('string_find_all_string_int', [STRING, STRING, INT], listType(STRING), withPattern(findAll)),
  ),
]
