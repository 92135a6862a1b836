import type * as cri from '../cri/generated/types.ts'
import type { Files } from '../host/files.ts'
import { logTail } from '../logs/read.ts'
import { textOf } from '../start-error.ts'
import { ANNOTATIONS } from './observed.ts'

const MAX_BYTES = 4096
const MAX_LOG_BYTES = 2048
const MAX_LOG_LINES = 80

/** What a container has left as its last words: the file it was given, or the end of its log when it failed and asked for that; else what the runtime says. */
export async function terminationMessage(files: Files, status: cri.ContainerStatus): Promise<string> {
  const path = status.annotations[ANNOTATIONS.terminationMessagePath]
  const file = status.mounts.find(({ containerPath }) => path && containerPath === path)?.hostPath
  const written = file ? await readMessage(files, file) : ''
  if (written !== '') return written
  const fallBack =
    status.annotations[ANNOTATIONS.terminationMessagePolicy] === 'FallbackToLogsOnError' && status.exitCode !== 0
  const logged =
    fallBack && status.logPath ? await logTail(files, status.logPath, MAX_LOG_LINES, MAX_LOG_BYTES).catch(textOf) : ''
  return logged || status.message
}

async function readMessage(files: Files, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await files.readAt(path, 0, MAX_BYTES))
  } catch (error) {
    return `Error on reading termination log ${path}: ${textOf(error)}`
  }
}
