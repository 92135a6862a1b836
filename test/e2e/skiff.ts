import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** What the command said and how it ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Put before the command, such as what drops root. */
  readonly wrapper?: readonly string[]
}

const BIN = resolve(import.meta.dirname, '../../bin/skiff.mjs')

/** A place of its own for clusters of one test: state folder and kubeconfig, away from the user's. */
export class Playground {
  readonly folder = mkdtempSync(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'skiff-e2e-'))
  readonly kubeconfig = join(this.folder, 'kubeconfig')

  /** Runs the command as a user would, with this place as its own. */
  run(args: readonly string[], { env = {}, wrapper = [] }: RunOptions = {}): Promise<Ran> {
    return this.#spawn([...wrapper, process.execPath, BIN, ...args], env)
  }

  kubectl(...args: string[]): Promise<Ran> {
    return this.#spawn(['kubectl', ...args], {})
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
    return new Promise((done, fail) => {
      const child = spawn(program, args, {
        env: { ...process.env, SKIFF_DATA_DIR: this.folder, KUBECONFIG: this.kubeconfig, NO_COLOR: '1', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const said = { out: '', err: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
      child.on('error', fail)
      child.on('close', (code) => done({ code: code ?? 128, ...said }))
    })
  }
}
