import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'
import { writeFileAtomic } from '../files.ts'
import { UserError, isErrno } from '../user-error.ts'

/** A kubeconfig file and who it belongs to. */
export interface UserKubeconfig {
  readonly path: string
  readonly owner?: { readonly uid: number; readonly gid: number }
}

const LOCK_ATTEMPTS = 100
const LOCK_DELAY_MS = 50

/**
 * The kubeconfig that kubectl of the person at the keyboard reads: the first file of $KUBECONFIG, else ~/.kube/config.
 * Under sudo it is that of the user who called sudo.
 */
export function userKubeconfig(env: NodeJS.ProcessEnv = process.env, passwd = readPasswd): UserKubeconfig {
  const [first] = (env.KUBECONFIG ?? '').split(':').filter(Boolean)
  if (first !== undefined) return { path: first }
  const caller = env.SUDO_UID === undefined ? undefined : homeOf(passwd(), env.SUDO_UID)
  if (!caller) return { path: join(homedir(), '.kube/config') }
  return { path: join(caller.home, '.kube/config'), owner: caller }
}

/**
 * Changes a kubeconfig file under the lock that kubectl takes too (client-go: `<file>.lock`), in one step, and only when
 * `change` gives a text. The file keeps its mode and owner; a new one is the user's alone.
 */
export async function changeKubeconfig(
  clock: Clock,
  file: UserKubeconfig,
  change: (text: string) => string | undefined,
): Promise<boolean> {
  makeFolder(file)
  const unlock = await lock(clock, file.path)
  try {
    const path = existsSync(file.path) ? realpathSync(file.path) : file.path
    const before = readIfThere(path)
    const after = change(before ?? '')
    if (after === undefined || after === before) return false
    writeFileAtomic(path, after, before === undefined ? fresh(file) : asItWas(path))
    return true
  } finally {
    unlock()
  }
}

function fresh({ owner }: UserKubeconfig): { mode: number; owner?: { uid: number; gid: number } } {
  return { mode: 0o600, ...(owner && { owner: { uid: owner.uid, gid: owner.gid } }) }
}

function asItWas(path: string): { mode: number; owner?: { uid: number; gid: number } } {
  const { mode, uid, gid } = statSync(path)
  return { mode: mode & 0o777, ...(process.getuid?.() === 0 && { owner: { uid, gid } }) }
}

async function lock(clock: Clock, path: string): Promise<() => void> {
  const file = `${path}.lock`
  for (let attempt = 1; attempt <= LOCK_ATTEMPTS; attempt++) {
    try {
      closeSync(openSync(file, 'wx', 0o600))
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw new UserError(`cannot write ${path}`, { cause: error })
    }
    await sleep(clock, LOCK_DELAY_MS)
  }
  throw new UserError(`another program holds ${file}`, { hints: [`if none runs, remove it: rm ${file}`] })
}

function makeFolder({ path, owner }: UserKubeconfig): void {
  const folder = dirname(path)
  if (existsSync(folder)) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (owner) chownSync(folder, owner.uid, owner.gid)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw new UserError(`cannot read ${path}`, { cause: error })
  }
}

/** The home and ids of a user in passwd(5). */
function homeOf(passwd: string, uid: string): { home: string; uid: number; gid: number } | undefined {
  const line = passwd.split('\n').find((text) => text.split(':')[2] === uid)
  const [, , , gid, , home] = line?.split(':') ?? []
  return home && gid !== undefined ? { home, uid: Number(uid), gid: Number(gid) } : undefined
}

function readPasswd(): string {
  return readIfThere('/etc/passwd') ?? ''
}
