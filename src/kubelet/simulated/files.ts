import { FileError, type Files, type FileStat, type FileWithin } from '../host/files.ts'

interface SimulatedFile {
  readonly content: Uint8Array
  readonly modifiedMs: number
}

/**
 * Files of a simulated machine: containers' logs are kept, all else is dropped as it is written, because nothing in the simulation
 * reads it. A log that nothing has been written to reads as empty.
 */
export class SimulatedFiles implements Files {
  readonly #logs = new Map<string, SimulatedFile>()
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Adds to a log, and wakes those who follow it. */
  append(path: string, text: string): void {
    const more = new TextEncoder().encode(text)
    const before = this.#logs.get(path)?.content ?? new Uint8Array()
    const content = new Uint8Array(before.length + more.length)
    content.set(before)
    content.set(more, before.length)
    this.#logs.set(path, { content, modifiedMs: this.#now() })
    this.wake(path)
  }

  /** Wakes those who follow a log: its container may have ended. */
  wake(path: string): void {
    for (const wake of this.#watchers.get(path) ?? []) wake()
  }

  mkdir = (): Promise<void> => Promise.resolve()
  write = (): Promise<void> => Promise.resolve()
  symlink = (): Promise<void> => Promise.resolve()
  rename = (): Promise<void> => Promise.resolve()
  chmod = (): Promise<void> => Promise.resolve()
  chown = (): Promise<void> => Promise.resolve()
  gzip = (): Promise<void> => Promise.resolve()
  readdir = (): Promise<readonly []> => Promise.resolve([])
  usage = (): Promise<{ bytes: number; inodes: number }> => Promise.resolve({ bytes: 0, inodes: 0 })
  readlink = (path: string): Promise<string> =>
    Promise.reject(new FileError('ENOENT', `no such file or directory: ${path}`))

  statfs(): ReturnType<Files['statfs']> {
    return Promise.resolve({
      capacityBytes: 100 * 1024 ** 3,
      availableBytes: 90 * 1024 ** 3,
      inodes: 1e7,
      inodesFree: 9e6,
    })
  }

  read(path: string): Promise<Uint8Array> {
    return Promise.resolve(this.#logs.get(path)?.content ?? new Uint8Array())
  }

  lookWithin = (): Promise<FileWithin> => Promise.resolve({ kind: 'directory', entries: [] })

  readWithin(root: string, relative: string, maxBytes: number): Promise<Uint8Array> {
    return this.readAt(`${root}/${relative}`, 0, maxBytes)
  }

  readAt(path: string, offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve((this.#logs.get(path)?.content ?? new Uint8Array()).subarray(offset, offset + length))
  }

  stat(path: string): Promise<FileStat | undefined> {
    if (!path.endsWith('.log')) return Promise.resolve(undefined)
    const { content, modifiedMs } = this.#logs.get(path) ?? { content: new Uint8Array(), modifiedMs: this.#now() }
    return Promise.resolve({ kind: 'file', mode: 0o640, uid: 0, gid: 0, size: content.length, modifiedMs, inode: 1 })
  }

  lstat(path: string): Promise<FileStat | undefined> {
    return this.stat(path)
  }

  /** Removes a log, or all below a folder. */
  remove(path: string): Promise<void> {
    if (this.#logs.size > 0)
      for (const file of this.#logs.keys()) if (file === path || file.startsWith(`${path}/`)) this.#logs.delete(file)
    return Promise.resolve()
  }

  async *changes(path: string, signal: AbortSignal): AsyncIterable<void> {
    let changed = true
    let wake = (): void => undefined
    const note = (): void => {
      changed = true
      wake()
    }
    const watchers = this.#watchers.get(path) ?? new Set()
    this.#watchers.set(path, watchers.add(note))
    signal.addEventListener('abort', note, { once: true })
    try {
      while (!signal.aborted) {
        if (!changed) await new Promise<void>((resolve) => (wake = resolve))
        changed = false
        if (!signal.aborted) yield
      }
    } finally {
      signal.removeEventListener('abort', note)
      watchers.delete(note)
      if (watchers.size === 0) this.#watchers.delete(path)
    }
  }
}
