import type { Frozen } from '../../apimachinery/meta.ts'
import type { HostPathVolumeSource } from '../../api/generated/types/core/v1.ts'
import type { FileKind, Files } from '../host/files.ts'

const KINDS: Readonly<Record<string, { readonly kind: FileKind; readonly what: string }>> = {
  Directory: { kind: 'directory', what: 'a directory' },
  DirectoryOrCreate: { kind: 'directory', what: 'a directory' },
  File: { kind: 'file', what: 'a file' },
  FileOrCreate: { kind: 'file', what: 'a file' },
  Socket: { kind: 'socket', what: 'a socket file' },
  CharDevice: { kind: 'charDevice', what: 'a character device' },
  BlockDevice: { kind: 'blockDevice', what: 'a block device' },
}

/** Makes what a hostPath's type says to make, and rejects, in upstream's words, when the path is not of its type. */
export async function checkHostPath(files: Files, { path, type = '' }: Frozen<HostPathVolumeSource>): Promise<void> {
  const wanted = KINDS[type]
  if (!wanted) return
  const stat = await files.stat(path)
  if (!stat && type === 'DirectoryOrCreate') return files.mkdir(path, 0o755)
  if (!stat && type === 'FileOrCreate') return files.write(path, '', 0o644)
  if (stat?.kind !== wanted.kind) throw new Error(`hostPath type check failed: ${path} is not ${wanted.what}`)
}
