import type { RuntimeService } from '../cri/services.ts'
import { isFileError, type Files } from '../host/files.ts'

export interface RotationOptions {
  readonly files: Files
  readonly runtime: RuntimeService
  readonly maxBytes: number
  /** Of each container, the one being written among them. */
  readonly maxFiles: number
}

/** A container that runs and where it logs to. */
export interface LoggingContainer {
  readonly id: string
  readonly logPath: string
}

/**
 * Moves a log that has grown too large out of the way, and has the runtime begin another (upstream's ContainerLogManager): the newest
 * of the old ones stays as it is for those who follow it, earlier ones are compressed, the oldest go. Resolves to whether it did.
 */
export async function rotateLog(
  { id, logPath }: LoggingContainer,
  version: string,
  options: RotationOptions,
): Promise<boolean> {
  const { files, runtime, maxBytes, maxFiles } = options
  const { size } = (await files.stat(logPath)) ?? { size: 0 }
  if (size < maxBytes) return false
  const old = await rotated(files, logPath)
  for (const path of old.slice(0, Math.max(0, old.length - (maxFiles - 2)))) await files.remove(path)
  for (const path of await rotated(files, logPath)) if (!path.endsWith('.gz')) await files.gzip(path)
  const moved = `${logPath}.${version}`
  await files.rename(logPath, moved)
  try {
    await runtime.reopenContainerLog(id)
  } catch (error) {
    // The runtime goes on writing to the file it has; it gets its name back.
    await files.rename(moved, logPath)
    throw error
  }
  return true
}

/** A log's earlier files, oldest first. */
export async function rotated(files: Files, logPath: string): Promise<string[]> {
  const slash = logPath.lastIndexOf('/')
  const [dir, name] = [logPath.slice(0, slash), logPath.slice(slash + 1)]
  try {
    const entries = await files.readdir(dir)
    return entries
      .filter((entry) => entry.name.startsWith(`${name}.`) && !entry.name.endsWith('.tmp'))
      .map((entry) => `${dir}/${entry.name}`)
      .sort()
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return []
    throw error
  }
}
