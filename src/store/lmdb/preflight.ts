import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { Buffer } from 'node:buffer'
import { dirname, join } from 'node:path'
import { StoreError } from '../store.ts'

/**
 * Makes the folder of a store ready for LMDB, and throws when LMDB could not open it: lmdb answers that by crashing the
 * process, so everything that can be known before is checked here.
 *
 * `data` and `lock` are the names of the two files that LMDB keeps there.
 */
export function prepareFolder(path: string, data: string, lock: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 }) // Secrets lie in there: the owner's alone.
  syncFolder(dirname(path))
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  checkDataFile(join(path, data))
  allocateLockFile(join(path, lock))
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Less free space than this is none: LMDB asks for some pages at a time, and file systems keep some back. */
const ROOM_BYTES = 2 ** 20

/** Whether the disk that holds the folder has no room left for so many bytes; false when that cannot be known. */
export function isDiskFull(path: string, needed = 0): boolean {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize < ROOM_BYTES + needed
  } catch {
    return false
  }
}

function checkDataFile(file: string): void {
  if (existsSync(file) && statSync(file).size > 0) {
    accessSync(file, constants.R_OK | constants.W_OK)
    checkMetaPages(file)
    return
  }
  if (isDiskFull(dirname(file))) throw new StoreError(`no space left on device: no room to make ${file}`)
}

const PAGE_HEAD_BYTES = 24
const MAGIC = 0xbeefc0de
const VERSION = 2
/** From the start of a meta page: a page head, the magic number, the version, then up to the page size. */
const META_BYTES = PAGE_HEAD_BYTES + 28

/** The first two pages of an LMDB file say what it is. */
function checkMetaPages(file: string): void {
  const fd = openSync(file, 'r')
  try {
    const pageBytes = checkMetaPage(fd, 0)
    if (pageBytes !== undefined && checkMetaPage(fd, pageBytes) === pageBytes) return
  } finally {
    closeSync(fd)
  }
  throw new StoreError(`${file} is not a store, or is damaged`)
}

/** Returns the page size that the page at `position` tells; undefined when it is no meta page. */
function checkMetaPage(fd: number, position: number): number | undefined {
  const meta = Buffer.alloc(META_BYTES)
  if (readSync(fd, meta, 0, META_BYTES, position) < META_BYTES) return undefined
  if (meta.readUInt32LE(PAGE_HEAD_BYTES) !== MAGIC || meta.readUInt32LE(PAGE_HEAD_BYTES + 4) !== VERSION)
    return undefined
  return meta.readUInt32LE(PAGE_HEAD_BYTES + 24)
}

const LOCK_BYTES = 16_384

/** LMDB writes to its lock file through a map of it: a page that finds no room on the disk then would be a bus error. */
function allocateLockFile(file: string): void {
  if (existsSync(file)) return accessSync(file, constants.R_OK | constants.W_OK)
  const fd = openSync(file, 'wx', 0o600)
  try {
    writeSync(fd, Buffer.alloc(LOCK_BYTES))
  } finally {
    closeSync(fd)
  }
}

/** Address space, not memory or disk. LMDB grows the map when it is too small, but keeps the old ones then. */
const MAP_BYTES = 2 ** 36

/** How large a map LMDB shall make: an eighth of the address space where that is limited (`ulimit -v`). */
export function mapBytes(): number {
  const limits = existsSync(LIMITS) ? readFileSync(LIMITS, 'utf8') : ''
  const [, limit] = /^Max address space +(\d+)/m.exec(limits) ?? []
  return limit === undefined ? MAP_BYTES : Math.min(MAP_BYTES, Math.floor(Number(limit) / 8))
}

const LIMITS = '/proc/self/limits'
