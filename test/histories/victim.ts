import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

interface VictimOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stderr?: 'inherit' | 'ignore'
}

/** An API server in a process of its own, which is killed and started again over the same folder. */
export class Victim {
  /** Of the process: its store is in `data`. */
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #stderr: 'inherit' | 'ignore'
  #child: ChildProcess | undefined
  #port = 0
  #ready: Promise<void>

  private constructor(folder: string, { env = {}, stderr = 'inherit' }: VictimOptions) {
    this.#folder = folder
    this.#env = env
    this.#stderr = stderr
    this.#ready = this.#start()
  }

  static async start(folder: string, options: VictimOptions = {}): Promise<Victim> {
    const victim = new Victim(folder, options)
    await victim.back()
    return victim
  }

  get port(): number {
    return this.#port
  }

  /** Resolves when it answers. */
  back(): Promise<void> {
    return this.#ready
  }

  /** Kills it, wherever it is. `onDeath` is called before it is started again. */
  async killAndRestart(onDeath: () => void): Promise<void> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#ready = promise
    child?.kill('SIGKILL')
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    onDeath()
    this.#start().then(resolve, reject)
    await promise
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async stop(): Promise<void> {
    const child = this.#child
    child?.kill('SIGKILL')
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async #start(): Promise<void> {
    const program = join(import.meta.dirname, 'server-process.ts')
    // What was compiled once need not be again; it is beside the store, not in it.
    const env = { ...process.env, ...this.#env, NODE_COMPILE_CACHE: join(this.#folder, 'compiled') }
    const data = join(this.#folder, 'data')
    const child = spawn(process.execPath, [program, data], { stdio: ['ignore', 'pipe', this.#stderr], env })
    this.#child = child
    const port = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    this.#port = Number(String(port[0]))
  }
}
