import { type Random, seededRandom } from '../../src/lib/random.ts'

/** Choices out of a seed. */
export class Chance {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** Happens in `share` of all cases. */
  is(share: number): boolean {
    return this.random.next() < share
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random.next() * limit)
  }

  pick<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)]
    if (one === undefined && all.length === 0) throw new Error('nothing to choose from')
    return one as T
  }

  times<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index))
  }
}
