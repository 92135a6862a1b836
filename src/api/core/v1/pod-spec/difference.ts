import { semanticEqual } from '../../../../apimachinery/equality.ts'

/**
 * What differs between two values, one line per change: the path, what it was (`-`) and what it is (`+`). Upstream
 * prints such a list after its message; its layout is said to be unstable.
 */
export function difference(before: unknown, after: unknown): string {
  return [...changes(before, after, '')].join('\n')
}

function* changes(before: unknown, after: unknown, path: string): Generator<string> {
  if (semanticEqual(before, after)) return
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const inList = Array.isArray(before)
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = inList ? `${path}[${key}]` : path ? `${path}.${key}` : key
      yield* changes(before[key], after[key], at)
    }
    return
  }
  if (before !== undefined) yield `- ${path}: ${JSON.stringify(before)}`
  if (after !== undefined) yield `+ ${path}: ${JSON.stringify(after)}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
