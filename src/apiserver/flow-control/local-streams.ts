import type { UserInfo } from '../authn/types.ts'

/** As many requests as a client of this process has under way at a time; over HTTP/2 the server's own limit of streams does the same. */
const MOST = 100

interface Line {
  busy: number
  readonly waiting: (() => void)[]
}

/** Lets the clients of this process wait for themselves, as a connection would: what they do in one go would fill their queues. */
export class LocalStreams {
  readonly #lines = new Map<string, Line>()

  /** Undefined when the request may go on at once. */
  enter({ name }: UserInfo): Promise<void> | undefined {
    let line = this.#lines.get(name)
    if (!line) this.#lines.set(name, (line = { busy: 0, waiting: [] }))
    if (line.busy < MOST) {
      line.busy++
      return undefined
    }
    const { waiting } = line
    return new Promise((resolve) => void waiting.push(resolve))
  }

  leave({ name }: UserInfo): void {
    const line = this.#lines.get(name)
    if (!line) return
    const next = line.waiting.shift()
    if (next) return next()
    if (--line.busy === 0) this.#lines.delete(name)
  }
}
