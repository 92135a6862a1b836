import { goQuote } from '../../../lib/quote.ts'

/** Inclusive. */
export type IndexInterval = readonly [first: number, last: number]

/** Reads `0-2,5`, the indexes of a Job in increasing order; or says what is wrong. */
export function parseIndexes(text: string, completions: number): IndexInterval[] | { readonly problem: string } {
  const intervals: IndexInterval[] = []
  if (text === '') return intervals
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions)
    if ('problem' in interval) return interval
    const last = intervals.at(-1)
    if (last && last[1] >= interval[0]) {
      return { problem: `non-increasing order, previous: ${last[1]}, current: ${interval[0]}` }
    }
    intervals.push(interval)
  }
  return intervals
}

/** How many indexes the text names. */
export function countIndexes(text: string, completions: number): number | { readonly problem: string } {
  const intervals = parseIndexes(text, completions)
  return Array.isArray(intervals) ? intervals.reduce((sum, [x, y]) => sum + y - x + 1, 0) : intervals
}

function parseInterval(text: string, completions: number): IndexInterval | { readonly problem: string } {
  const limits = text.split('-')
  if (limits.length > 2) {
    const rule = "violates the requirement that an index interval can have at most two parts separated by '-'"
    return { problem: `the fragment ${goQuote(text)} ${rule}` }
  }
  const numbers: number[] = []
  for (const limit of limits) {
    if (!/^[+-]?\d{1,10}$/.test(limit)) {
      return { problem: `cannot convert string to integer for index: ${goQuote(limit)}` }
    }
    if (Number(limit) >= completions) return { problem: `too large index: ${goQuote(limit)}` }
    numbers.push(Number(limit))
  }
  const [x = 0, y] = numbers
  if (y === undefined) return [x, x]
  return x < y ? [x, y] : { problem: `non-increasing order, previous: ${x}, current: ${y}` }
}

/** The first index that both name, if any. */
export function firstOverlap(a: readonly IndexInterval[], b: readonly IndexInterval[]): number | undefined {
  for (const [x, y] of a) {
    const hit = b.find(([start, end]) => x <= end && start <= y)
    if (hit) return Math.max(x, hit[0])
  }
  return undefined
}
