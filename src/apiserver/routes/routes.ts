import type { MaybePromise } from '../../store/store.ts'
import type { Answer } from '../registry/answer.ts'
import { methodNotAllowed } from '../registry/refusals.ts'
import type { Call } from '../request/call.ts'

/** Answers requests for paths that are no resources; undefined passes them on. */
export interface Route {
  /** A whole path, or one that ends in `/` for all below it. */
  readonly path: string
  /** One of upstream's web services: it has GET alone, and takes a slash at the end. */
  readonly service?: boolean
  /** It is not among the paths that `/` tells of. */
  readonly unlisted?: boolean
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
    const listed = (routes: ReadonlyMap<string, Route>): string[] =>
      [...routes.values()].filter(({ unlisted }) => !unlisted).map(({ path }) => path)
    return [...listed(this.#exact), ...listed(this.#below).map((path) => path.slice(0, -1))].sort()
  }

  async answer(call: Call): Promise<Answer | undefined> {
    const path = call.info.path
    const exact = this.#exact.get(path) ?? this.#service(path)
    const answer = await answerOf(exact, call)
    if (answer) return answer
    for (let end = path.lastIndexOf('/'); end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
      const found = await answerOf(this.#below.get(path.slice(0, end + 1)), call)
      if (found) return found
    }
    return undefined
  }

  #service(path: string): Route | undefined {
    const route = path.endsWith('/') ? this.#exact.get(path.slice(0, -1)) : undefined
    return route?.service ? route : undefined
  }
}

/** Throws 405. */
async function answerOf(route: Route | undefined, call: Call): Promise<Answer | undefined> {
  if (route?.service && call.method !== 'GET') throw methodNotAllowed()
  return route?.answer(call)
}
