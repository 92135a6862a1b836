import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../src/host/preflight/facts.ts'

/** Lays out a root filesystem of busybox with all its commands; gives its path. */
export function busyboxRoot(folder: string): string {
  const busybox = findProgram('busybox')
  if (busybox === undefined) throw new Error('busybox is not installed')
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name), { recursive: true })
  copyFileSync(busybox, join(folder, 'bin/busybox'))
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const name of applets) if (name !== 'busybox') symlinkSync('busybox', join(folder, 'bin', name))
  return folder
}
