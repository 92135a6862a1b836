/** What one priority level may get of the server's seats, and what it would like. */
export interface Share {
  readonly lowest: number
  readonly highest: number
  /** At least `lowest`. */
  readonly target: number
}

export interface Allocation {
  readonly seats: readonly number[]
  /** What part of its target each gets whose bounds do not decide. */
  readonly fairFraction: number
}

const LEAST_TARGET = 0.001
const EPSILON = 1e-7

/**
 * Shares `total` out so that everyone gets the same fraction of their target, as far as their bounds allow. Undefined when the bounds
 * allow no such thing. (KEP-1040, "Dispatching"; max-min fairness with bounds.)
 */
export function allocate(total: number, shares: readonly Share[]): Allocation | undefined {
  const lowest = sum(shares, ({ lowest: low }) => low)
  const highest = sum(shares, ({ highest: high }) => high)
  const isSound = shares.every(({ lowest: low, highest: high, target }) => low >= 0 && target >= low && high >= low)
  if (!isSound || total < 0 || lowest - total > EPSILON || total - highest > EPSILON) return undefined
  if (total === 0) return { seats: shares.map(() => 0), fairFraction: 0 }
  const targets = shares.map(({ target }) => Math.max(target, LEAST_TARGET))
  const fairFraction = fractionFor(total, shares, targets)
  return { seats: seatsAt(fairFraction, shares, targets), fairFraction }
}

/**
 * The seats given out grow with the fraction in straight lines between the bounds, where somebody begins or ceases to get more. So go
 * from bound to bound until the total lies in between.
 */
function fractionFor(total: number, shares: readonly Share[], targets: readonly number[]): number {
  const bounds = shares
    .flatMap(({ lowest, highest }, i) => [lowest / (targets[i] ?? 1), highest / (targets[i] ?? 1)])
    .sort((a, b) => a - b)
  let fraction = bounds[0] ?? 0
  let given = sum(seatsAt(fraction, shares, targets), (seats) => seats)
  for (const bound of bounds) {
    if (given >= total - EPSILON) break
    if (bound <= fraction) continue
    const next = sum(seatsAt(bound, shares, targets), (seats) => seats)
    if (next >= total) return next > given ? fraction + ((bound - fraction) * (total - given)) / (next - given) : bound
    fraction = bound
    given = next
  }
  return fraction
}

function seatsAt(fraction: number, shares: readonly Share[], targets: readonly number[]): number[] {
  return shares.map(({ lowest, highest }, i) => Math.max(lowest, Math.min(highest, fraction * (targets[i] ?? 0))))
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
