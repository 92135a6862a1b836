import { spawn, type ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from './target.ts'

/** Processes of one target: started together, ended together. */
export class Processes {
  readonly #children: ChildProcess[] = []
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  get pids(): readonly number[] {
    return this.#children.filter((child) => child.exitCode === null).flatMap(({ pid }) => pid ?? [])
  }

  /** Starts a program; what it says goes to `<name>.log` in the folder. */
  start(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
    const log = openSync(`${this.#folder}/${name}.log`, 'a')
    const child = spawn(program, args, { stdio: ['ignore', log, log], env, cwd: this.#folder })
    child.on('error', (error) => console.error(`${name}: ${error.message}`))
    child.on('exit', (code) => {
      if (code) console.error(`${name} ended with code ${code}; see ${this.#folder}/${name}.log`)
    })
    this.#children.push(child)
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.toReversed().map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await Promise.race([ended, sleep(5000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
      }),
    )
  }
}

/** Asks every 5 ms until the API says that it is ready; the time that took since `since`. */
export async function untilReady(port: number, token: string, since: number, limitMs = 60_000): Promise<number> {
  while (performance.now() - since < limitMs) {
    const answer = await send({ port, token }, 'GET', '/readyz').catch(() => undefined)
    if (answer?.status === 200) return performance.now() - since
    await sleep(5)
  }
  throw new Error(`no API was ready at port ${port} within ${limitMs / 1000} s`)
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
