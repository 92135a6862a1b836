import { type CelError, type CelValue, isError, noSuchOverload } from '../values/values.ts'
import type { Implementation } from './functions.ts'
import { compilePattern } from './regex.ts'
import { findAll, findFirst } from './find.ts'

/** A function of patterns with its pattern compiled beforehand; undefined: the function takes none. */
export function constantPattern(fn: string, source: string): Implementation | CelError | undefined {
  if (!['matches', 'find', 'findAll'].includes(fn)) return undefined
  const pattern = compilePattern(source)
  if (isError(pattern)) return pattern
  const onText =
    (act: (text: string, limit: CelValue | undefined) => CelValue): Implementation =>
    (text, _pattern, limit) =>
      typeof text === 'string' ? act(text, limit) : noSuchOverload
  switch (fn) {
    case 'matches':
      return onText((text) => pattern.matcher(text).find())
    case 'find':
      return onText((text) => findFirst(pattern, text))
    default:
      return onText((text, limit) => findAll(pattern, text, typeof limit === 'number' ? limit : -1))
  }
}
