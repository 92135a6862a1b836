import type { Files } from '../host/files.ts'

const SETGID = 0o2000

/**
 * Gives a volume to the pod's fsGroup: every file may be read and written by the group, and what is made in it belongs to the
 * group too (upstream's SetVolumeOwnership). With `onRootMismatch` a volume whose top is right already is left as it is.
 */
export async function giveToGroup(files: Files, dir: string, fsGroup: number, onRootMismatch: boolean): Promise<void> {
  const top = await files.lstat(dir)
  if (onRootMismatch && top?.gid === fsGroup && (top.mode & (SETGID | 0o770)) === (SETGID | 0o770)) return
  await give(files, dir, fsGroup)
}

async function give(files: Files, path: string, gid: number): Promise<void> {
  const stat = await files.lstat(path)
  if (!stat) return
  await files.chown(path, -1, gid)
  if (stat.kind === 'symlink') return
  const directory = stat.kind === 'directory'
  await files.chmod(path, stat.mode | 0o660 | (directory ? SETGID | 0o110 : 0))
  if (!directory) return
  for (const { name } of await files.readdir(path)) await give(files, `${path}/${name}`, gid)
}
