/**
 * Keeps the process from ending while a command waits: the clock's timers don't. Returns what ends that.
 */
export function keepAlive(): () => void {
  const handle = setInterval(() => undefined, 2 ** 30)
  return () => clearInterval(handle)
}
