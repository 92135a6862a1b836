import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../../lib/clock.ts'
import { ByteBudget } from './byte-budget.ts'
import { Deadlines } from './deadlines.ts'
import { SlowReaders } from './slow-readers.ts'
import { UnderWay } from './under-way.ts'

/** Upstream's --request-timeout: how long a request may take that ends by itself, and a client to send a body or to read an answer. */
export const REQUEST_MS = 60_000

/** How much of everything one process takes on at a time, whoever asks. */
export interface Limits {
  readonly deadlines: Deadlines
  /** Bodies of requests that are worked at. What is made of one takes several times its size. */
  readonly bodies: ByteBudget
  /** Large answers that clients have not read. */
  readonly answers: ByteBudget
  readonly readers: SlowReaders
  readonly underWay: UnderWay
}

const MB = 1024 * 1024

/** What this process can bear. */
export function limitsOf(
  clock: Clock,
  requestTimeoutMs = REQUEST_MS,
  heapBytes = getHeapStatistics().heap_size_limit,
): Limits {
  return {
    deadlines: new Deadlines(clock, requestTimeoutMs),
    bodies: new ByteBudget(Math.max(16 * MB, heapBytes / 32)),
    answers: new ByteBudget(Math.max(64 * MB, heapBytes / 8)),
    readers: new SlowReaders(clock, Math.max(64 * MB, heapBytes / 8)),
    underWay: new UnderWay(),
  }
}
