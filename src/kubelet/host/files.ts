export type FileKind = 'file' | 'directory' | 'symlink' | 'socket' | 'blockDevice' | 'charDevice' | 'other'

export interface FileStat {
  readonly kind: FileKind
  /** Permission bits, with set-uid, set-gid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly modifiedMs: number
  /** Distinguishes a file from the one that took its name. */
  readonly inode: number
}

/** Files by absolute path. What is missing rejects with a FileError of code ENOENT, and so on by POSIX name. */
export interface Files {
  /** Creates a directory and its parents; one that is there is left as it is. `mode` (default 0755) is for the last one, past any umask. */
  mkdir(path: string, mode?: number): Promise<void>
  /** Creates or replaces a file, past any umask. */
  write(path: string, content: string | Uint8Array, mode: number): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** The first bytes of a file below `root`, which others may write to: no symlink leads out of it, and what is no regular file is refused. */
  readWithin(root: string, relative: string, maxBytes: number): Promise<Uint8Array>
  /**
   * What is at a path below `root`, which others may write to. A symlink that leads out of it, and what is neither file nor folder, reject with
   * EXDEV. The content is read as it is asked for, up to the size that the file has now.
   */
  lookWithin(root: string, relative: string): Promise<FileWithin>
  /** Up to `length` bytes from `offset`; shorter at the end of the file. A regular file, by its own name: pipes, devices and symlinks are refused. */
  readAt(path: string, offset: number, length: number): Promise<Uint8Array>
  readdir(path: string): Promise<readonly { readonly name: string; readonly kind: FileKind }[]>
  /** What the path leads to; undefined when nothing. */
  stat(path: string): Promise<FileStat | undefined>
  /** The path itself, be it a symlink. */
  lstat(path: string): Promise<FileStat | undefined>
  readlink(path: string): Promise<string>
  symlink(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  /** -1 leaves an id as it is. Does not follow symlinks. */
  chown(path: string, uid: number, gid: number): Promise<void>
  /** Removes a file, or a directory with all it holds; what is not there is no error. Never crosses into another mounted file system. */
  remove(path: string): Promise<void>
  /** Compresses `path` to `path.gz` and removes `path`. */
  gzip(path: string): Promise<void>
  /**
   * Yields whenever the file or its name in the directory may have changed, first at once, until the signal aborts. Driven by the host's
   * notifications, not by polling.
   */
  changes(path: string, signal: AbortSignal): AsyncIterable<void>
  /** Space and inodes of the file system that holds the path. */
  statfs(path: string): Promise<FileSystemStat>
  /** Bytes and inodes used below a path. */
  usage(path: string): Promise<{ readonly bytes: number; readonly inodes: number }>
}

export type FileWithin =
  | { readonly kind: 'directory'; readonly entries: readonly { readonly name: string; readonly kind: FileKind }[] }
  | { readonly kind: 'file'; readonly content: AsyncIterable<Uint8Array> }

export interface FileSystemStat {
  readonly capacityBytes: number
  readonly availableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

/** A POSIX error: `code` is its name, such as `ENOENT`. */
export class FileError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'FileError'
    this.code = code
  }
}

/** Whether `error` is a POSIX error with one of these names. */
export function isFileError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
