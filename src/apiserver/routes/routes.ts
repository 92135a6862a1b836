import type { MaybePromise } from '../../store/store.ts'
import type { Answer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'

/** Answers requests for paths that are no resources; undefined passes them on. */
export interface Route {
  /** A whole path, or one that ends in `/` for all below it. */
  readonly path: string
  answer(call: Call): MaybePromise<Answer | undefined>
}

/** Paths and who answers them. */
export class Routes {
  readonly #exact = new Map<string, Route>()
  readonly #below = new Map<string, Route>()

  add(route: Route): void {
    if (route.path.endsWith('/') && route.path !== '/') this.#below.set(route.path, route)
    else this.#exact.set(route.path, route)
  }

  /** Every path, sorted. */
  paths(): string[] {
    return [...this.#exact.keys(), ...[...this.#below.keys()].map((path) => path.slice(0, -1))].sort()
  }

  async answer(call: Call): Promise<Answer | undefined> {
    const path = call.info.path
    const exact = this.#exact.get(path) ?? this.#exact.get(path.replace(/\/+$/, ''))
    const answer = await exact?.answer(call)
    if (answer) return answer
    for (let end = path.lastIndexOf('/'); end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
      const below = this.#below.get(path.slice(0, end + 1))
      const found = await below?.answer(call)
      if (found) return found
    }
    return undefined
  }
}
