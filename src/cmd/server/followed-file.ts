import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'

/** What a watch may miss is found this late at the latest. */
const LOOK_AGAIN_MS = 60_000

/**
 * Calls `changed` with what the file holds, or why it cannot be read, whenever something happens beside it and once a minute; how it comes to
 * be written does not matter. Returns what ends it.
 */
export function followFile(path: string, clock: Clock, changed: (content: Uint8Array | Error) => void): () => void {
  const look = (): void => changed(contentOf(path))
  let timer: Timer
  const lookAgain = (): void => {
    look()
    timer = clock.setTimer(lookAgain, LOOK_AGAIN_MS)
  }
  timer = clock.setTimer(lookAgain, LOOK_AGAIN_MS)
  const watcher = watchBeside(path, look)
  return () => {
    timer.cancel()
    watcher?.close()
  }
}

function contentOf(path: string): Uint8Array | Error {
  try {
    return readFileSync(path)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Calls `look` when something happens in a file's folder: a file that is replaced is another one. Undefined where nothing can be watched. */
export function watchBeside(path: string, look: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, look)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // Where nothing can be watched, looking once a minute has to do.
    return undefined
  }
}
