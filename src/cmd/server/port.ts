import { createServer } from 'node:net'
import { UserError, isErrno } from '../../host/user-error.ts'

/** Throws a UserError when the port cannot be listened on. Asked before anything is started; the port is free again after. */
export async function requireFreePort(address: string, port: number): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: address }, resolve)
    })
    await new Promise((resolve) => void server.close(resolve))
  } catch (error) {
    throw listenProblem(error, address, port)
  }
}

/** What a failure to listen means for a person; the error itself when that isn't known. */
export function listenProblem(error: unknown, address: string, port: number): unknown {
  if (isErrno(error, 'EADDRINUSE')) {
    return new UserError(`port ${port} is taken by another program`, {
      hints: [`see by which: ss -ltnp 'sport = :${port}'`, 'or choose another port with --api-port'],
    })
  }
  if (isErrno(error, 'EACCES', 'EADDRNOTAVAIL')) {
    return new UserError(`cannot listen on ${address} port ${port}: ${error.message}`, {
      hints: ['choose others with --bind-address and --api-port'],
    })
  }
  return error
}
