import { readFileSync } from 'node:fs'
import { EXIT, isErrno, messageOf, UserError } from '../../../host/user-error.ts'

/** That the server does not start with these flags, in upstream's words. */
export function refused(message: string, cause?: unknown): UserError {
  return new UserError(message, { exitCode: EXIT.usage, cause })
}

/** A file that a flag names. Throws a UserError in upstream's words when it cannot be read; `before` is what upstream says first. */
export function readFlagFile(path: string, before = ''): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw refused(`${before}open ${path}: ${goReason(error)}`)
  }
}

/** As Go names what a system call says. */
export function goReason(error: unknown): string {
  if (isErrno(error, 'ENOENT')) return 'no such file or directory'
  if (isErrno(error, 'EACCES')) return 'permission denied'
  if (isErrno(error, 'EISDIR')) return 'is a directory'
  if (isErrno(error, 'ENOTDIR')) return 'not a directory'
  return messageOf(error)
}
