import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Why a test that mounts is skipped here: without root, or where mounting is not allowed; false where it can run. */
export const skipMounts = mayMount() ? false : 'needs root and the right to mount'

function mayMount(): boolean {
  const dir = mkdtempSync(`${tmpdir()}/skiff-mount-`)
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir], { stdio: 'ignore' })
    execFileSync('umount', [dir])
    return true
  } catch {
    return false
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
