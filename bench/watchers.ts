import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Target } from './target.ts'

const PROGRAM = new URL('./watcher-process.ts', import.meta.url).pathname
const EACH = 250

/** Many watchers of one path in a few processes, so that those who measure are not what is measured. */
export class Watchers {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  /** Resolves when all of them watch. What they see must hold `"t":"<process.hrtime.bigint() of its sending>"`. */
  static async open({ port, token }: Pick<Target, 'port' | 'token'>, path: string, count: number): Promise<Watchers> {
    const processes = Array.from({ length: Math.ceil(count / EACH) }, (_, i) =>
      fork(PROGRAM, [String(port), token, path, String(Math.min(EACH, count - i * EACH))]),
    )
    await Promise.all(processes.map((child) => once(child, 'message')))
    return new Watchers(processes)
  }

  /** Ends them; how long after its sending each event was seen, in ms. */
  async end(): Promise<number[]> {
    const all = await Promise.all(
      this.#processes.map(async (child) => {
        const delays = once(child, 'message')
        child.send('end')
        return ((await delays) as [number[]])[0]
      }),
    )
    return all.flat().sort((a, b) => a - b)
  }
}
