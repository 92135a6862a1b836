import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { freePort } from './cluster.ts'
import { eventually } from './eventually.ts'
import { newestKubectl } from './kubectl/program.ts'
import { canBeAskedAgain, isAsShown, isToFail, type Step, stepsOf } from './walkthrough.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/**
 * Types the commands of a folder's README into a shell, in a copy of the folder, and demands that each ends and says as the README
 * shows. `skiff` is this checkout's, with a state, a port and a kubeconfig of its own.
 */
export async function walkThrough(folder: string): Promise<void> {
  await using place = await Place.of(folder)
  const shell = new Shell(place)
  try {
    for (const step of stepsOf(readFileSync(join(folder, 'README.md'), 'utf8'))) await tryStep(shell, step)
  } finally {
    await shell.run('skiff delete')
    await shell.end()
  }
}

async function tryStep(shell: Shell, step: Step): Promise<void> {
  const attempt = async (): Promise<void> => {
    const { code, said } = await shell.run(step.command)
    const isRight = (code !== 0) === isToFail(step) && (step.shown === '' || isAsShown(step.shown, said))
    assert.ok(isRight, `$ ${step.command}\nis to say\n${step.shown}\nand said, with exit code ${code},\n${said}`)
  }
  await (canBeAskedAgain(step) ? eventually(attempt) : attempt())
}

/** Where a README is tried. */
class Place implements AsyncDisposable {
  readonly root: string
  readonly work: string

  private constructor(root: string, work: string) {
    this.root = root
    this.work = work
  }

  static async of(folder: string): Promise<Place> {
    const root = mkdtempSync(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'skiff-walk-'))
    const bin = join(root, 'bin')
    mkdirSync(bin)
    // A reader's first cluster has the default port, which here may be taken.
    const skiff = `'${process.execPath}' '${join(ROOT, 'bin/skiff.mjs')}'`
    const up = `if [ "$1" = up ]; then shift; set -- up --api-port ${await freePort()} "$@"; fi`
    writeFileSync(join(bin, 'skiff'), `#!/bin/sh\n${up}\nexec ${skiff} "$@"\n`, { mode: 0o755 })
    symlinkSync(process.execPath, join(bin, 'node'))
    symlinkSync(programPath(newestKubectl().path), join(bin, 'kubectl'))
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    const work = join(root, basename(folder))
    cpSync(folder, work, { recursive: true })
    return new Place(root, work)
  }

  get environment(): NodeJS.ProcessEnv {
    const { root } = this
    const path = `${join(root, 'bin')}:${process.env.PATH ?? ''}`
    const own = { PATH: path, SKIFF_DATA_DIR: join(root, 'state'), KUBECONFIG: join(root, 'kubeconfig'), NO_COLOR: '1' }
    return { ...process.env, ...own }
  }

  [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.root, { recursive: true, force: true })
    return Promise.resolve()
  }
}

function programPath(name: string): string {
  if (name.includes('/')) return name
  const folders = (process.env.PATH ?? '').split(':').map((folder) => join(folder, name))
  return folders.find((path) => existsSync(path)) ?? name
}

/** One shell for all commands, so that what one sets the next has. */
class Shell {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  #said = ''
  #heard: () => void = () => {}

  constructor({ work, environment }: Place) {
    this.#process = spawn('bash', ['--norc', '-s'], {
      cwd: work,
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#process.stdin.write('exec 2>&1\n')
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#heard()
    })
  }

  async run(command: string): Promise<{ readonly code: number; readonly said: string }> {
    this.#said = ''
    this.#process.stdin.write(`{ ${command}\n} </dev/null\necho "~~~ $?"\n`)
    for (;;) {
      const match = /^(.*?)\n?~~~ (\d+)\n/s.exec(this.#said)
      if (match) return { code: Number(match[2]), said: match[1] ?? '' }
      await new Promise<void>((done) => (this.#heard = done))
    }
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin.end('kill $(jobs -p) 2>/dev/null\nexit 0\n')
    await ended
  }
}
