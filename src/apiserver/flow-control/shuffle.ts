import type { Random } from '../../lib/random.ts'

/**
 * Shuffle sharding: which of the queues a flow may use. Two flows rarely have the same hand, so a flow that fills its queues leaves most
 * others some. The hash is seeded, so that nobody can choose a name to share another's hand.
 */
export class Dealer {
  readonly #seeds: readonly [number, number]

  constructor(random: Random) {
    const seed = (): number => Math.floor(random.next() * 2 ** 32)
    this.#seeds = [seed(), seed()]
  }

  /** `handSize` different numbers below `deckSize`, the same for the same flow. */
  deal(flow: string, deckSize: number, handSize: number): number[] {
    let [high, low] = hash(flow, this.#seeds)
    const hand: number[] = []
    for (let i = 0; i < handSize; i++) {
      // One long division of the 64 bits; the deck has less than 2^26 cards, so that nothing is lost.
      const deck = deckSize - i
      const rest = (high % deck) * 2 ** 26 + Math.floor(low / 64)
      const middle = (rest % deck) * 64 + (low % 64)
      high = Math.floor(high / deck)
      low = (Math.floor(rest / deck) * 64 + Math.floor(middle / deck)) >>> 0
      insert(hand, middle % deck)
    }
    return hand
  }
}

/** The n-th card that is not in the hand yet. */
function insert(hand: number[], n: number): void {
  let card = n
  for (const taken of hand.toSorted((a, b) => a - b)) if (card >= taken) card++
  hand.push(card)
}

/** 64 bits in two halves: twice the mixing of MurmurHash3's 32 bits. */
function hash(text: string, [a, b]: readonly [number, number]): [number, number] {
  let h1 = a
  let h2 = b
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    h1 = Math.imul(h1 ^ unit, 0x9e3779b1)
    h2 = Math.imul(h2 ^ unit, 0x5f356495)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 0x85ebca6b) ^ Math.imul(h2 ^ (h2 >>> 13), 0xc2b2ae35)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 0x85ebca6b) ^ Math.imul(h1 ^ (h1 >>> 13), 0xc2b2ae35)
  return [h1 >>> 0, h2 >>> 0]
}
