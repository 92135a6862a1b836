import type { Clock, Timer } from '../../lib/clock.ts'

interface Due {
  readonly atMs: number
  readonly key: string
  readonly revision: number
}

/** Which keys delete themselves when: a binary heap and one timer, for the earliest. */
export class Expiry {
  readonly #clock: Clock
  readonly #expire: (key: string, revision: number) => void
  readonly #heap: Due[] = []
  #timer: Timer | undefined
  #timerAtMs = Infinity

  /** `expire` is called for each key that was added, when it is due, with the revision that it was added with. */
  constructor(clock: Clock, expire: (key: string, revision: number) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  add(key: string, revision: number, ttlMs: number): void {
    const heap = this.#heap
    const due: Due = { atMs: this.#clock.now() + ttlMs, key, revision }
    let i = heap.push(due) - 1
    for (let up = (i - 1) >> 1; i > 0 && at(heap, up).atMs > due.atMs; i = up, up = (i - 1) >> 1) heap[i] = at(heap, up)
    heap[i] = due
    this.#arm()
  }

  close(): void {
    this.#heap.length = 0
    this.#timer?.cancel()
  }

  #fire(): void {
    this.#timerAtMs = Infinity
    const nowMs = this.#clock.now()
    for (let first = this.#heap[0]; first && first.atMs <= nowMs; first = this.#heap[0]) {
      this.#pop()
      this.#expire(first.key, first.revision)
    }
    this.#arm()
  }

  #arm(): void {
    const atMs = this.#heap[0]?.atMs ?? Infinity
    if (atMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(0, atMs - this.#clock.now()))
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let i = 0
    for (let down = smallerChild(heap, i); down < heap.length && at(heap, down).atMs < last.atMs;) {
      heap[i] = at(heap, down)
      i = down
      down = smallerChild(heap, i)
    }
    heap[i] = last
  }
}

function smallerChild(heap: readonly Due[], i: number): number {
  const left = 2 * i + 1
  const right = left + 1
  return right < heap.length && at(heap, right).atMs < at(heap, left).atMs ? right : left
}

function at(heap: readonly Due[], i: number): Due {
  const due = heap[i]
  if (!due) throw new RangeError(`no heap entry ${i}`)
  return due
}
