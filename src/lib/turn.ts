/**
 * Resolves after everything else that is ready in this process has had its turn (timers, I/O, promise jobs). Takes no time by any Clock:
 * for giving way in long work, never for waiting.
 */
export function nextTurn(): Promise<void> {
  const host = globalThis as { setImmediate?: (run: () => void) => unknown }
  return new Promise((resolve) => void (host.setImmediate ? host.setImmediate(resolve) : setTimeout(resolve, 0)))
}

/** Calls `run` then: nextTurn for what comes too often to make a promise for each. `run` must not throw. */
export function inNextTurn(run: () => void): void {
  const host = globalThis as { setImmediate?: (run: () => void) => unknown }
  if (host.setImmediate) host.setImmediate(run)
  else setTimeout(run, 0)
}
