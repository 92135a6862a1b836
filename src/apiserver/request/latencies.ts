import type { Clock } from '../../lib/clock.ts'
import type { MaybePromise } from '../../store/store.ts'

/** What a request spends its time in, by upstream's words for it. */
export type Layer =
  | 'apf-queue-wait'
  | 'authentication'
  | 'authorization'
  | 'etcd'
  | 'impersonation'
  | 'mutating-webhook'
  | 'serialize-response-object'
  | 'transform-response-object'
  | 'validating-webhook'

/** Those in which it waits for what is not of the server's making: they do not count for its service level. */
const ELSEWHERE: readonly Layer[] = ['apf-queue-wait', 'mutating-webhook', 'validating-webhook']

/** How long one request has spent in what. Times are in ms. */
export class Latencies {
  #spent: Map<Layer, number> | undefined

  /** Adds to a layer. Validating webhooks are asked all at once: the longest of them counts. */
  add(layer: Layer, ms: number): void {
    const spent = (this.#spent ??= new Map())
    const before = spent.get(layer) ?? 0
    spent.set(layer, layer === 'validating-webhook' ? Math.max(before, ms) : before + ms)
  }

  get elsewhereMs(): number {
    const spent = this.#spent
    return spent ? ELSEWHERE.reduce((sum, layer) => sum + (spent.get(layer) ?? 0), 0) : 0
  }

  all(): Iterable<readonly [Layer, number]> {
    return this.#spent ?? []
  }
}

/** Does work, and notes how long it takes. */
export function timed<T>(
  latencies: Latencies | undefined,
  clock: Pick<Clock, 'monotonic'>,
  layer: Layer,
  work: () => MaybePromise<T>,
): MaybePromise<T> {
  if (!latencies) return work()
  const started = clock.monotonic()
  const ended = (): void => latencies.add(layer, clock.monotonic() - started)
  let result: MaybePromise<T>
  try {
    result = work()
  } catch (error) {
    ended()
    throw error
  }
  if (result instanceof Promise) return result.finally(ended)
  ended()
  return result
}
