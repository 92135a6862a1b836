import type { Dirent } from 'node:fs'
import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'
import { isErrno } from '../user-error.ts'

const CGROUP_ROOT = '/sys/fs/cgroup'

/** The folders of a cgroup in every hierarchy that is mounted: one on cgroup v2, one for each controller on v1. */
export function cgroupFolders(cgroup: string, root = CGROUP_ROOT): string[] {
  const hierarchies = [root, ...subfolders(root).filter((folder) => existsSync(join(folder, 'cgroup.procs')))]
  return [...new Set(hierarchies.map((folder) => join(folder, cgroup)))].filter((folder) => existsSync(folder))
}

/** The processes in a cgroup and all below it. */
export function processesIn(cgroup: string, root = CGROUP_ROOT): number[] {
  const pids = cgroupFolders(cgroup, root).flatMap((folder) => [folder, ...foldersBelow(folder)].flatMap(readPids))
  return [...new Set(pids)]
}

/**
 * Removes a cgroup and all below it, and its parent when that has no other; it must be empty of processes, which may take the
 * kernel a moment after their end.
 */
export async function removeCgroup(clock: Clock, cgroup: string, root = CGROUP_ROOT): Promise<void> {
  for (const folder of cgroupFolders(cgroup, root)) {
    // The innermost first: a cgroup with children cannot go.
    for (const inner of [...foldersBelow(folder).reverse(), folder]) await removeFolder(clock, inner)
  }
  for (const parent of cgroupFolders(dirname(cgroup), root)) {
    if (subfolders(parent).length === 0) await removeFolder(clock, parent)
  }
}

async function removeFolder(clock: Clock, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return rmdirSync(folder)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return
      if (!isErrno(error, 'EBUSY') || attempt === 50) throw error
      await sleep(clock, 20)
    }
  }
}

function foldersBelow(folder: string): string[] {
  return subfolders(folder).flatMap((inner) => [inner, ...foldersBelow(inner)])
}

function subfolders(folder: string): string[] {
  return entries(folder)
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
}

/** A cgroup may go while it is looked at. */
function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return []
    throw error
  }
}

function readPids(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return []
    throw error
  }
}
