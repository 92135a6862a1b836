import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { isErrno } from '../user-error.ts'

/** Held by one process at a time; the kernel lets go of it when that process ends, however it ends. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Takes the lock of a cluster's folder, or gives undefined when another process holds it. It is a name among Linux's
 * abstract Unix sockets (unix(7)), which needs no file that could be left behind.
 */
export function acquireLock(folder: string): Promise<Lock | undefined> {
  const server = createServer((socket) => socket.destroy())
  const name = `\0skiff-${createHash('sha256').update(folder).digest('hex')}`
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (isErrno(error, 'EADDRINUSE') ? resolve(undefined) : reject(error)))
    server.listen(name, () => {
      server.unref()
      resolve({ release: () => new Promise((closed) => void server.close(() => closed())) })
    })
  })
}
