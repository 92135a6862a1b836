import type { Command } from 'commander'
import { flagsAt } from './completion/complete.ts'

/** So many letters may be wrong, and no more than this part of them. */
const MOST_WRONG = 3
const MOST_WRONG_PART = 0.6

/**
 * The flag that was meant by one that nobody knows. Commander finds it among those that help shows, and where it stands without a value;
 * this, for the rest: `--flag=value`, and the API server's flags that `up` takes.
 */
export function meantFlag(program: Command, words: readonly string[], typed: string): string | undefined {
  const flag = typed.split('=', 1)[0] ?? ''
  let meant: string | undefined
  let least = Math.min(MOST_WRONG, Math.floor(MOST_WRONG_PART * flag.length)) + 1
  for (const known of flagsAt(program, words)) {
    const distance = editDistance(flag, known)
    if (distance >= least) continue
    least = distance
    meant = known
  }
  return meant
}

/** How many letters have to be put in, taken out or changed to make one of the other (Levenshtein's). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
