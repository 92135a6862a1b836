import { copyFileSync, statSync, truncateSync } from 'node:fs'
import { isErrno } from '../user-error.ts'

const LARGEST_BYTES = 16 * 1024 * 1024

/**
 * Keeps a log file, to which a process appends by itself, from growing without end: past its largest size it is copied to
 * `<file>.1` and emptied. Returns what to call with each line written.
 */
export function boundedLog(file: string, largestBytes = LARGEST_BYTES): (line: string) => void {
  let size = sizeOf(file)
  return (line) => {
    size += Buffer.byteLength(line)
    if (size <= largestBytes) return
    copyFileSync(file, `${file}.1`)
    truncateSync(file)
    size = 0
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
