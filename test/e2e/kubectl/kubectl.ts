import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Ran } from '../skiff.ts'
import type { KubectlProgram } from './program.ts'

/** How long one call may take; what waits for longer says so itself. */
const CALL_TIMEOUT_MS = 120_000
/** How long output that a test waits for may take. */
const OUTPUT_TIMEOUT_MS = 30_000

export interface CallOptions {
  readonly input?: string | Uint8Array
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Where a kubectl works. */
export interface KubectlTarget {
  readonly program: KubectlProgram
  readonly kubeconfig: string
  readonly namespace: string
}

/** Drives one kubectl against one namespace of one cluster. */
export class Kubectl {
  readonly target: KubectlTarget

  constructor(target: KubectlTarget) {
    this.target = target
  }

  get version(): string {
    return this.target.program.version
  }

  /** The same kubectl elsewhere. */
  in(namespace: string): Kubectl {
    return new Kubectl({ ...this.target, namespace })
  }

  /** Runs it to its end, however that is. */
  async run(args: readonly string[], options: CallOptions = {}): Promise<Ran> {
    const running = this.start(args, options)
    running.close(options.input)
    return running.ended
  }

  /** Runs it and gives what it printed; anything but success fails the test, with its words. */
  async ok(...args: readonly string[]): Promise<string> {
    return this.#success(args, await this.run(args))
  }

  /** As `ok`, with something on its standard input: text, or an object as JSON. */
  async feed(input: string | object, ...args: readonly string[]): Promise<string> {
    const text = typeof input === 'string' ? input : JSON.stringify(input)
    return this.#success(args, await this.run(args, { input: text }))
  }

  /** As `ok`, for JSON. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '-o', 'json')) as T
  }

  /** As `ok`, for one value by JSONPath. */
  async value(path: string, ...args: readonly string[]): Promise<string> {
    return this.ok(...args, '-o', `jsonpath=${path}`)
  }

  /** Runs it, wants it to fail, and gives what it said. */
  async refused(args: readonly string[], options: CallOptions = {}): Promise<string> {
    const ran = await this.run(args, options)
    assert.notEqual(ran.code, 0, `kubectl ${args.join(' ')} was to fail, and printed ${ran.out}`)
    return ran.err
  }

  /** Waits until a pod (or another object) is Ready. */
  async ready(...objects: readonly string[]): Promise<void> {
    await this.ok('wait', '--for=condition=Ready', '--timeout=60s', ...objects)
  }

  /** Starts it, to be watched and ended by the test. */
  start(args: readonly string[], { env, cwd }: CallOptions = {}): Running {
    return new Running(this.command(args), { env, cwd })
  }

  /** The whole command line, for what must start it by itself. */
  command(args: readonly string[]): readonly string[] {
    const { program, kubeconfig, namespace } = this.target
    return [program.path, '--kubeconfig', kubeconfig, '--namespace', namespace, ...args]
  }

  #success(args: readonly string[], { code, out, err }: Ran): string {
    assert.equal(code, 0, `kubectl ${args.join(' ')}: exit code ${code}\n${out}${err}`)
    return out
  }
}

/** A program that runs while the test goes on. */
export class Running {
  out = ''
  err = ''
  readonly ended: Promise<Ran>
  readonly #child: ChildProcess
  readonly #look = new Set<() => void>()

  constructor([program = '', ...args]: readonly string[], { env = {}, cwd }: CallOptions) {
    const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), CALL_TIMEOUT_MS)
    const heard = (): void => this.#look.forEach((look) => look())
    child.stdout.setEncoding('utf8').on('data', (text: string) => ((this.out += text), heard()))
    child.stderr.setEncoding('utf8').on('data', (text: string) => ((this.err += text), heard()))
    // A program that ends before it has read everything is judged by how it ends.
    child.stdin.on('error', () => undefined)
    this.#child = child
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code: code ?? 128, out: this.out, err: this.err })
        heard()
      })
    })
  }

  /** Waits until it has printed something, on either stream. */
  async until(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const said = (): string => `${this.out}${this.err}`
    const timer = setTimeout(() => reject(new Error(`no ${pattern} in:\n${said()}`)), OUTPUT_TIMEOUT_MS)
    const look = (): void => {
      if (pattern.test(said())) resolve(said())
      else if (this.#child.exitCode !== null) reject(new Error(`ended without ${pattern}:\n${said()}`))
    }
    this.#look.add(look)
    look()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#look.delete(look)
    }
  }

  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Ends its standard input. */
  close(input?: string | Uint8Array): void {
    this.#child.stdin?.end(input)
  }

  async stop(): Promise<Ran> {
    this.#child.kill('SIGINT')
    return this.ended
  }
}
