import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { chown, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock } from '../../../lib/clock.ts'

/** When a log begins anew, and what becomes of the old ones. */
export interface Rotation {
  /** In megabytes; 0 for never. */
  readonly maxSize: number
  /** In days; 0 for ever. */
  readonly maxAge: number
  /** 0 for any number. */
  readonly maxBackups: number
  readonly compress: boolean
}

const MEGABYTE = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * A log file that is set aside when it is full, under the name and by the rules of lumberjack, which kube-apiserver writes with: `audit.log`
 * becomes `audit-2026-01-31T10-11-12.345.log`, and `.gz` once it is compressed.
 */
export class RotatedFile {
  readonly #path: string
  readonly #rotation: Rotation
  readonly #clock: Pick<Clock, 'now'>
  #fd: number | undefined
  #size = 0
  #tidying: Promise<void> | undefined

  /** Makes the file, to which only its owner gets, and the folder it is in. Throws when that cannot be. */
  constructor(path: string, rotation: Rotation, clock: Pick<Clock, 'now'>) {
    this.#path = path
    this.#rotation = rotation
    this.#clock = clock
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a+', 0o600))
  }

  /** Writes bytes that belong together, in one piece of the file. Throws when they are not all written. */
  write(bytes: Uint8Array): void {
    const most = this.#rotation.maxSize * MEGABYTE
    if (most > 0 && bytes.length > most) {
      throw new Error(`write length ${bytes.length} exceeds maximum file size ${most}`)
    }
    this.#fd ??= this.#open()
    if (most > 0 && this.#size > 0 && this.#size + bytes.length > most) this.#fd = this.#rotate()
    for (let from = 0; from < bytes.length;) {
      const written = writeSync(this.#fd, bytes, from)
      from += written
      this.#size += written
    }
  }

  /** Resolves when old logs are tidied up. */
  async close(): Promise<void> {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    await this.#tidying
  }

  #open(): number {
    this.#tidy()
    const fd = openSync(this.#path, 'a', 0o600)
    this.#size = fstatSync(fd).size
    return fd
  }

  /** As long as the old log cannot be set aside, it is written on. */
  #rotate(): number {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    const { mode, uid, gid } = statSync(this.#path)
    renameSync(this.#path, this.#backupName())
    this.#fd = openSync(this.#path, 'a', mode)
    // Whoever the log belonged to has the new one, too; only root can see to that.
    chown(this.#path, uid, gid).catch(() => undefined)
    this.#size = 0
    this.#tidy()
    return this.#fd
  }

  #backupName(): string {
    const { prefix, extension } = this.#parts()
    const time = new Date(this.#clock.now()).toISOString().slice(0, -1).replaceAll(':', '-')
    return join(dirname(this.#path), `${prefix}${time}${extension}`)
  }

  #parts(): { readonly prefix: string; readonly extension: string } {
    const extension = extname(this.#path)
    return { prefix: `${basename(this.#path, extension)}-`, extension }
  }

  #tidy(): void {
    const { maxBackups, maxAge, compress } = this.#rotation
    if (maxBackups === 0 && maxAge === 0 && !compress) return
    // What fails now is found again after the next rotation.
    this.#tidying = (this.#tidying ?? Promise.resolve()).then(() => this.#tidyOnce()).catch(() => undefined)
  }

  async #tidyOnce(): Promise<void> {
    const { maxBackups, maxAge, compress } = this.#rotation
    const backups = this.#backups()
    const counted = new Set<string>()
    const oldest = maxAge > 0 ? this.#clock.now() - maxAge * DAY_MS : 0
    for (const { name, ms } of backups) {
      // A log and its compressed form are one: a compression may have been broken off.
      counted.add(name.replace(/\.gz$/, ''))
      const path = join(dirname(this.#path), name)
      if ((maxBackups > 0 && counted.size > maxBackups) || ms < oldest) await rm(path, { force: true })
      else if (compress && !name.endsWith('.gz')) await compressed(path)
    }
  }

  /** Newest first. */
  #backups(): { readonly name: string; readonly ms: number }[] {
    const { prefix, extension } = this.#parts()
    return readdirSync(dirname(this.#path), { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => ({ name, ms: timeOf(name, prefix, extension) }))
      .filter(({ ms }) => !Number.isNaN(ms))
      .toSorted((a, b) => b.ms - a.ms)
  }
}

/** NaN for what is no log that was set aside. */
function timeOf(name: string, prefix: string, extension: string): number {
  const whole = name.endsWith(`${extension}.gz`) ? name.slice(0, -'.gz'.length) : name
  if (!whole.startsWith(prefix) || !whole.endsWith(extension)) return NaN
  const text = whole.slice(prefix.length, whole.length - extension.length)
  const parts = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text)
  return parts ? Date.parse(`${parts[1]}${parts[2]}:${parts[3]}:${parts[4]}Z`) : NaN
}

async function compressed(path: string): Promise<void> {
  const { mode, uid, gid } = await stat(path)
  const to = `${path}.gz`
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(to, { mode }))
    await chown(to, uid, gid).catch(() => undefined)
  } catch (error) {
    await rm(to, { force: true })
    throw error
  }
  await unlink(path)
}
