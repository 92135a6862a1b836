import { readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'

/** What a watch may miss is found this late at the latest: upstream's period for every file that it follows. */
const LOOK_AGAIN_MS = 60_000

/**
 * Calls `changed` with what the file holds, or why it cannot be read, whenever something happens beside it and once a minute; how it comes to
 * be written does not matter. Returns what ends it.
 */
export function followFile(path: string, clock: Clock, changed: (content: Uint8Array | Error) => void): () => void {
  return followFiles([path], clock, () => changed(contentOf(path)))
}

/** Calls `look` whenever something happens beside one of the files, and once a minute. Returns what ends it. */
export function followFiles(paths: readonly string[], clock: Clock, look: () => void): () => void {
  let timer: Timer
  const lookAgain = (): void => {
    look()
    timer = clock.setTimer(lookAgain, LOOK_AGAIN_MS)
  }
  timer = clock.setTimer(lookAgain, LOOK_AGAIN_MS)
  // Where nothing can be watched, looking once a minute has to do.
  const watches = [...new Set(paths.map(dirname))].map((folder) => watchFolder(folder, look, () => {}))
  return () => {
    timer.cancel()
    for (const end of watches) end()
  }
}

/**
 * Calls `changed` when something happens in the folder: a file that is replaced is another one, so it is not files that are watched.
 * `unseen` is told when nothing can be watched, or no more, as where the host's watches are used up. Returns what ends it.
 */
export function watchFolder(folder: string, changed: () => void, unseen: (error: unknown) => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, changed)
    watcher.on('error', (error) => {
      watcher.close()
      unseen(error)
    })
    return () => watcher.close()
  } catch (error) {
    unseen(error)
    return () => {}
  }
}

function contentOf(path: string): Uint8Array | Error {
  try {
    return readFileSync(path)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
