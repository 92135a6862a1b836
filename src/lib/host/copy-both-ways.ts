import type { Duplex } from 'node:stream'

/**
 * Copies bytes between two connections until both are gone; takes them over. What one has said to its end reaches the other whole, however slowly
 * that one reads, and then closes it; one that breaks off cuts the other.
 */
export function copyBothWays(near: Duplex, far: Duplex): Promise<void> {
  const copied = Promise.all([whenGone(near, far), whenGone(far, near)])
  near.pipe(far)
  far.pipe(near)
  return copied.then(() => undefined)
}

function whenGone(side: Duplex, other: Duplex): Promise<void> {
  side.on('error', () => side.destroy())
  return new Promise((resolve) => {
    const gone = (): void => {
      if (side.readableEnded) destroyWhenSent(other)
      else other.destroy()
      resolve()
    }
    if (side.closed) gone()
    else side.once('close', gone)
  })
}

function destroyWhenSent(side: Duplex): void {
  // Nobody is there any more to whom it could say something.
  side.resume()
  if (side.writableFinished) return void side.destroy()
  side.once('finish', () => side.destroy())
  side.end()
}
