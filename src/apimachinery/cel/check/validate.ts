import { type CelValue, isError } from '../values/values.ts'
import { toDurationValue, toTimestampValue } from '../values/convert.ts'
import { validateFormat } from './validate-format.ts'
import { compilePattern } from '../library/regex.ts'
import { type Call, children, type Expr } from '../syntax/ast.ts'
import type { Issue } from '../syntax/source.ts'
import type { Checked } from './checker.ts'
import { type CelType, DYN, formatType, sameType } from './types.ts'

/** Checks beyond types: literals of durations, times and patterns, and that lists and maps hold one type. */
export function validateLiterals(checked: Checked): Issue[] {
  const issues: Issue[] = []
  const nodes = [...walk(checked.expr, false)]
  for (const fn of ['duration', 'timestamp', 'matches'] as const) {
    for (const { node } of nodes) if (node.kind === 'call' && node.fn === fn) validateArgument(node, fn, issues)
  }
  const typeOf = (expr: Expr): CelType => checked.types.get(expr) ?? DYN
  for (const { node, formatted } of nodes) if (node.kind === 'list' && !formatted) validateList(node, typeOf, issues)
  for (const { node, formatted } of nodes) if (node.kind === 'map' && !formatted) validateMap(node, typeOf, issues)
  for (const { node } of nodes) if (node.kind === 'call') issues.push(...validateFormat(node, typeOf))
  return issues
}

interface Found {
  readonly node: Expr
  /** Inside a call of format(), whose list may hold anything. */
  readonly formatted: boolean
}

function* walk(node: Expr, formatted: boolean): Generator<Found> {
  yield { node, formatted }
  const inside = formatted || (node.kind === 'call' && node.fn === 'format')
  for (const child of children(node)) yield* walk(child, inside)
}

const VALID = {
  duration: (value: CelValue): boolean => !isError(toDurationValue(value)),
  timestamp: (value: CelValue): boolean => !isError(toTimestampValue(value)),
  matches: (value: CelValue): boolean => typeof value !== 'string' || !isError(compilePattern(value)),
}

function validateArgument(call: Call, fn: keyof typeof VALID, issues: Issue[]): void {
  const [argument] = call.args
  if (argument?.kind !== 'literal') return
  if (!VALID[fn](argument.value)) issues.push({ offset: argument.offset, message: `invalid ${fn} argument` })
}

function mismatch(expr: Expr, expected: CelType, actual: CelType): Issue {
  return { offset: expr.offset, message: `expected type '${formatType(expected)}' but found '${formatType(actual)}'` }
}

type TypeOf = (expr: Expr) => CelType

function validateList(list: Expr & { kind: 'list' }, typeOf: TypeOf, issues: Issue[]): void {
  let expected: CelType | undefined
  for (const [i, element] of list.elements.entries()) {
    const type = list.optional.has(i) ? (typeOf(element).parameters[0] ?? DYN) : typeOf(element)
    expected ??= type
    if (sameType(expected, type, true)) continue
    issues.push(mismatch(element, expected, type))
    return
  }
}

function validateMap(map: Expr & { kind: 'map' }, typeOf: TypeOf, issues: Issue[]): void {
  let expected: { key: CelType; value: CelType } | undefined
  for (const entry of map.entries) {
    const key = typeOf(entry.key)
    const value = entry.optional ? (typeOf(entry.value).parameters[0] ?? DYN) : typeOf(entry.value)
    expected ??= { key, value }
    if (!sameType(expected.key, key, true)) issues.push(mismatch(entry.key, expected.key, key))
    if (!sameType(expected.value, value, true)) issues.push(mismatch(entry.value, expected.value, value))
  }
}
