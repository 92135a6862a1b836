import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Target } from './target.ts'

const PROGRAM = new URL('./watcher-process.ts', import.meta.url).pathname
const EACH = 256

/** What watchers saw. */
export interface Seen {
  /** How long after its sending each event came, in ms; in order. */
  readonly delays: readonly number[]
  /** When the first and the last of them was ready, in ms after the start. */
  readonly firstMs: number
  readonly lastMs: number
}

/** Many watchers of one path in a few processes, so that those who measure are not what is measured. */
export class Watchers {
  readonly #processes: readonly ChildProcess[]
  readonly #lastMs: number

  private constructor(processes: readonly ChildProcess[], lastMs: number) {
    this.#processes = processes
    this.#lastMs = lastMs
  }

  /**
   * Resolves when all of them watch, or have synced. For delays, what they see must hold `"t":"<process.hrtime.bigint() of its
   * sending>"`. Rejects when one of them fails.
   */
  static async open(
    { port, token }: Pick<Target, 'port' | 'token'>,
    path: string,
    count: number,
    until: 'watching' | 'synced' = 'watching',
  ): Promise<Watchers> {
    const processes = Array.from({ length: Math.ceil(count / EACH) }, (_, i) =>
      fork(PROGRAM, [String(port), token, path, String(Math.min(EACH, count - i * EACH)), until]),
    )
    try {
      const ready = await Promise.all(processes.map((child) => answerOf<{ lastMs: number }>(child)))
      return new Watchers(processes, Math.max(...ready.map(({ lastMs }) => lastMs)))
    } catch (error) {
      for (const child of processes) child.kill()
      throw error
    }
  }

  /** Ends them. */
  async end(): Promise<Seen> {
    const all = await Promise.all(
      this.#processes.map((child) => {
        const answer = answerOf<{ delays: number[]; firstMs: number }>(child)
        child.send('end')
        return answer
      }),
    )
    const delays = all.flatMap((one) => one.delays).sort((a, b) => a - b)
    return { delays, firstMs: Math.min(...all.map(({ firstMs }) => firstMs)), lastMs: this.#lastMs }
  }
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('a process of watchers ended')))
  ended.catch(() => undefined)
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [T]
  return answer
}
