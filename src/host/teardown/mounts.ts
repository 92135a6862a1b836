import { readFileSync } from 'node:fs'
import { runCommand } from '../run-command.ts'

/** Unmounts everything at or below a folder, the innermost first. Resolves to what was mounted. */
export async function unmountBelow(folder: string): Promise<string[]> {
  const points = mountPointsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), folder)
  // Lazily: what still has a file open loses it when it ends, and the name is free now.
  if (points.length > 0) await runCommand('umount', ['--lazy', '--', ...points])
  return points
}

/** The mount points at or below a folder in a proc_pid_mountinfo(5) text, the innermost and latest first. */
export function mountPointsBelow(mountinfo: string, folder: string): string[] {
  const points = mountinfo.split('\n').flatMap((line) => line.split(' ')[4] ?? [])
  const below = points.map(unescape).filter((point) => point === folder || point.startsWith(`${folder}/`))
  return below.reverse().sort((a, b) => depth(b) - depth(a))
}

/** Spaces and the like are written as octal numbers. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function depth(path: string): number {
  return path.split('/').length
}
