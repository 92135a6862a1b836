/** A run of indexes, both ends included. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/** A set of completion indexes as runs, in order, none touching another; written `0,3-5,7` in a Job's status. */
export type Indexes = readonly Interval[]

/** Reads indexes below `completions`; what is not a number is left out. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  if (!text) return []
  const intervals: Interval[] = []
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (!match) continue
    const first = Number(match[1])
    if (first >= completions) break
    intervals.push({ first, last: Math.min(Number(match[2] ?? first), completions - 1) })
  }
  return mergeIndexes(intervals, [])
}

export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(({ first, last }) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join(',')
}

/** The indexes of a list, in any order. */
export function indexesOf(list: Iterable<number>): Indexes {
  return mergeIndexes(
    [...list].sort((a, b) => a - b).map((index) => ({ first: index, last: index })),
    [],
  )
}

export function mergeIndexes(a: Indexes, b: Indexes): Indexes {
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const end = merged.at(-1)
    if (!end || first > end.last + 1) merged.push({ first, last })
    else end.last = Math.max(end.last, last)
  }
  return merged
}

export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  return indexes.some(({ first, last }) => first <= index && index <= last)
}

/** How many indexes both have. */
export function countCommon(a: Indexes, b: Indexes): number {
  let common = 0
  for (const x of a) for (const y of b) common += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1)
  return common
}

/** The first `count` indexes below `completions` that are not among `taken`. */
export function firstFreeIndexes(taken: Indexes, count: number, completions: number): number[] {
  const free: number[] = []
  let next = 0
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; next < Math.min(first, completions) && free.length < count; next++) free.push(next)
    next = Math.max(next, last + 1)
  }
  return free
}
