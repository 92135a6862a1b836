/** Lines around a change that are shown with it. */
const CONTEXT = 3
/** In a text of so many lines, those that are more than a hundredth of it are no anchors. */
const LONG = 200

/**
 * The unified diff of two texts as Python's difflib makes it (Ratcliff and Obershelp: the longest run of equal lines first, then the same on
 * both sides of it), which is what Go's port of it prints. Empty when the texts are equal.
 */
export function unifiedDiff(before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')]
  let text = ''
  for (const group of grouped(changes(a, b))) {
    const [first, last] = [group[0], group.at(-1)]
    if (!first || !last) continue
    text += `@@ -${range(first.a, last.aEnd)} +${range(first.b, last.bEnd)} @@\n`
    for (const part of group) {
      if (part.equal) text += lines(' ', a.slice(part.a, part.aEnd))
      else text += lines('-', a.slice(part.a, part.aEnd)) + lines('+', b.slice(part.b, part.bEnd))
    }
  }
  return text
}

const lines = (mark: string, all: readonly string[]): string => all.map((line) => `${mark}${line}\n`).join('')

function range(start: number, end: number): string {
  const length = end - start
  if (length === 1) return String(start + 1)
  return `${length === 0 ? start : start + 1},${length}`
}

/** A stretch of both texts that is equal, or that one replaces with the other. */
interface Part {
  readonly equal: boolean
  readonly a: number
  readonly aEnd: number
  readonly b: number
  readonly bEnd: number
}

interface Match {
  readonly a: number
  readonly b: number
  readonly size: number
}

function* changes(a: readonly string[], b: readonly string[]): Generator<Part> {
  let [i, j] = [0, 0]
  const all = [...matches(a, positions(b), { a: 0, aEnd: a.length, b: 0, bEnd: b.length, equal: false }, b)]
  for (const { a: at, b: bt, size } of [...joined(all), { a: a.length, b: b.length, size: 0 }]) {
    if (i < at || j < bt) yield { equal: false, a: i, aEnd: at, b: j, bEnd: bt }
    if (size > 0) yield { equal: true, a: at, aEnd: at + size, b: bt, bEnd: bt + size }
    ;[i, j] = [at + size, bt + size]
  }
}

type Positions = ReadonlyMap<string, readonly number[]>

function positions(b: readonly string[]): Positions {
  const found = new Map<string, number[]>()
  for (const [index, line] of b.entries()) {
    const list = found.get(line)
    if (list) list.push(index)
    else found.set(line, [index])
  }
  if (b.length < LONG) return found
  const most = Math.floor(b.length / 100) + 1
  for (const [line, list] of found) if (list.length > most) found.delete(line)
  return found
}

/** The equal runs within a stretch, in order. */
function* matches(a: readonly string[], where: Positions, within: Part, b: readonly string[]): Generator<Match> {
  const match = longest(a, where, within, b)
  if (match.size === 0) return
  if (within.a < match.a && within.b < match.b) {
    yield* matches(a, where, { ...within, aEnd: match.a, bEnd: match.b }, b)
  }
  yield match
  const [i, j] = [match.a + match.size, match.b + match.size]
  if (i < within.aEnd && j < within.bEnd) yield* matches(a, where, { ...within, a: i, b: j }, b)
}

/** The longest equal run, the earliest of several. */
function longest(
  a: readonly string[],
  where: Positions,
  { a: from, aEnd, b: fromB, bEnd }: Part,
  b: readonly string[],
): Match {
  let best: Match = { a: from, b: fromB, size: 0 }
  let ending = new Map<number, number>()
  for (let i = from; i < aEnd; i++) {
    const next = new Map<number, number>()
    for (const j of where.get(a[i] ?? '') ?? []) {
      if (j < fromB) continue
      if (j >= bEnd) break
      const size = (ending.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size }
    }
    ending = next
  }
  // Lines that are no anchors still belong to a run beside one.
  let { a: start, b: startB, size } = best
  while (start > from && startB > fromB && a[start - 1] === b[startB - 1])
    [start, startB, size] = [start - 1, startB - 1, size + 1]
  while (start + size < aEnd && startB + size < bEnd && a[start + size] === b[startB + size]) size++
  return { a: start, b: startB, size }
}

/** Runs that follow on each other made one. */
function joined(all: readonly Match[]): Match[] {
  const result: Match[] = []
  for (const match of all) {
    const last = result.at(-1)
    if (last && last.a + last.size === match.a && last.b + last.size === match.b) {
      result[result.length - 1] = { ...last, size: last.size + match.size }
    } else result.push(match)
  }
  return result
}

/** Changes with their context; those that lie close together are one group. */
function* grouped(parts: Iterable<Part>): Generator<Part[]> {
  const all = [...parts]
  const trimmed = all.map((part, index) => {
    if (!part.equal) return part
    if (index === 0) return tail(part)
    return index === all.length - 1 ? head(part) : part
  })
  let group: Part[] = []
  for (const part of trimmed) {
    if (part.equal && part.aEnd - part.a > 2 * CONTEXT) {
      yield* whole([...group, head(part)])
      group = [tail(part)]
    } else group.push(part)
  }
  yield* whole(group)
}

function* whole(group: Part[]): Generator<Part[]> {
  if (group.some(({ equal }) => !equal)) yield group
}

const head = (part: Part): Part => ({
  ...part,
  aEnd: Math.min(part.aEnd, part.a + CONTEXT),
  bEnd: Math.min(part.bEnd, part.b + CONTEXT),
})

const tail = (part: Part): Part => ({
  ...part,
  a: Math.max(part.a, part.aEnd - CONTEXT),
  b: Math.max(part.b, part.bEnd - CONTEXT),
})
