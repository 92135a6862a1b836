import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What disk-faults.c can do; empty for nothing. */
export type Fault = '' | 'enospc' | 'eio' | 'fsync' | 'short' | 'meta' | 'torn' | 'lost'

/** A folder whose disk fails when it is told to, for processes that are started with `env`. */
export class FaultyDisk {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly #word: string

  constructor(library: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'skiff-faults-'))
    this.#word = join(this.folder, 'fault')
    this.set('')
    this.env = {
      LD_PRELOAD: library,
      SKIFF_FAULTS_FILE: this.#word,
      SKIFF_FAULTS_IN: join(this.folder, 'data'),
    }
  }

  set(fault: Fault): void {
    writeFileSync(this.#word, fault)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Builds disk-faults.c in a folder; the reason why that cannot be done here otherwise. */
export function buildFaults(folder: string): { readonly library: string } | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: 'libraries are preloaded on Linux alone' }
  const library = join(folder, 'disk-faults.so')
  const source = join(import.meta.dirname, 'disk-faults.c')
  const { status, error } = spawnSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  return status === 0 ? { library } : { reason: `no C compiler here (${error?.message ?? `cc ended with ${status}`})` }
}
