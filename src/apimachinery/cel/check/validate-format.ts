import { clauseLetters } from '../library/format-text.ts'
import type { Call, Expr } from '../syntax/ast.ts'
import type { Issue } from '../syntax/source.ts'
import type { CelType, TypeKind } from './types.ts'

type TypeOf = (expr: Expr) => CelType

const INTEGERS: readonly TypeKind[] = ['int', 'uint']

/** What each clause takes, and what is said of other types. */
const CLAUSES: Readonly<Record<string, readonly [readonly TypeKind[], string]>> = {
  d: [INTEGERS, 'decimal clause can only be used on integers'],
  f: [['double', 'string'], 'fixed-point clause can only be used on doubles'],
  e: [['double', 'string'], 'scientific clause can only be used on doubles'],
  b: [[...INTEGERS, 'bool'], 'only integers and bools can be formatted as binary'],
  x: [[...INTEGERS, 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  X: [[...INTEGERS, 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  o: [INTEGERS, 'octal clause can only be used on integers'],
}
const TEXTS: readonly TypeKind[] = [
  ...INTEGERS,
  ...(['list', 'map', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'] as const),
]
const TEXT_COMPLAINT =
  'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps'

/** Checks a call of format() with a literal format and a literal list. */
export function validateFormat(call: Call, typeOf: TypeOf): Issue[] {
  const { target } = call
  const [list] = call.args
  if (call.fn !== 'format' || target?.kind !== 'literal' || list?.kind !== 'list' || call.args.length !== 1) return []
  if (typeof target.value !== 'string') return []
  const at = (message: string, offset = call.offset): Issue[] => [{ offset, message }]
  const letters = clauseLetters(target.value)
  let seen = 0
  for (let step = letters.next(); ; step = letters.next()) {
    if (step.done) {
      if (step.value !== undefined) return at(step.value)
      break
    }
    if (step.value === '') {
      if (seen >= list.elements.length) return at(`index ${seen} out of range`)
      continue
    }
    const argument = list.elements[seen++]
    const wrong = argument && wrongArgument(step.value, argument, typeOf)
    if (wrong !== undefined) return at(`error during formatting: ${wrong.message}`, wrong.offset)
  }
  if (list.elements.length <= seen) return []
  const counts = `(expected ${seen}, got ${list.elements.length})`
  return at(`too many arguments supplied to string.format ${counts}`)
}

function wrongArgument(letter: string, argument: Expr, typeOf: TypeOf): Issue | undefined {
  const clause = CLAUSES[letter]
  if (clause === undefined) return wrongText(argument, typeOf)
  const [kinds, complaint] = clause
  const type = typeOf(argument)
  if (type.kind === 'dyn' || kinds.includes(type.kind)) return undefined
  return { offset: argument.offset, message: `${complaint}, was given ${type.name}` }
}

/** A text may be of anything whose parts can be written. */
function wrongText(argument: Expr, typeOf: TypeOf): Issue | undefined {
  const type = typeOf(argument)
  if (type.kind !== 'dyn' && !TEXTS.includes(type.kind)) {
    return { offset: argument.offset, message: `${TEXT_COMPLAINT}, was given ${type.name}` }
  }
  const parts =
    argument.kind === 'list'
      ? argument.elements
      : argument.kind === 'map'
        ? argument.entries.flatMap(({ key, value }) => [key, value])
        : []
  return parts.map((part) => wrongText(part, typeOf)).find((wrong) => wrong !== undefined)
}
