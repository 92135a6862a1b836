import { compareKeys } from '../keys.ts'

const BLOCK = 256

/** A sorted set of keys in blocks, so that adding to a large one moves little. */
export class SortedKeys {
  /** None is empty. */
  readonly #blocks: string[][] = []

  add(key: string): void {
    const at = Math.min(this.#blockOf(key), this.#blocks.length - 1)
    const block = this.#blocks[at]
    if (!block) return void this.#blocks.push([key])
    const i = lowerBound(block, key)
    if (block[i] === key) return
    block.splice(i, 0, key)
    if (block.length > BLOCK) this.#blocks.splice(at + 1, 0, block.splice(BLOCK / 2))
  }

  delete(key: string): void {
    const at = this.#blockOf(key)
    const block = this.#blocks[at]
    const i = block ? lowerBound(block, key) : 0
    if (!block || block[i] !== key) return
    block.splice(i, 1)
    if (block.length === 0) this.#blocks.splice(at, 1)
  }

  /** The keys from `start` on that begin with `prefix`, in order. The set must not change meanwhile. */
  *below(prefix: string, start: string): Generator<string, undefined> {
    let i = -1
    for (let at = this.#blockOf(start); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] ?? []
      for (i = i < 0 ? lowerBound(block, start) : 0; i < block.length; i++) {
        const key = block[i] ?? ''
        if (!key.startsWith(prefix)) return
        yield key
      }
    }
  }

  /** The first block whose last key is not before `key`. */
  #blockOf(key: string): number {
    return bisect(this.#blocks.length, (i) => compareKeys(this.#blocks[i]?.at(-1) ?? '', key) < 0)
  }
}

function lowerBound(block: readonly string[], key: string): number {
  return bisect(block.length, (i) => compareKeys(block[i] ?? '', key) < 0)
}

/** How many of the first `length` indexes are `before`, which must hold for a leading run of them. */
function bisect(length: number, before: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(middle)) low = middle + 1
    else high = middle
  }
  return low
}
