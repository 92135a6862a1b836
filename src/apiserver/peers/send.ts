import type { UserInfo } from '../authn/types.ts'
import { handle, type LocalResponse } from '../inprocess/handle.ts'
import type { ApiServer } from '../server.ts'

/** Sends a request of the server to itself. */
export type SendAsServer = (method: string, path: string, body?: unknown) => Promise<LocalResponse>

const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** See SendAsServer. */
export function sendAsServer(server: ApiServer): SendAsServer {
  const headers = { 'user-agent': 'kube-apiserver/peers' }
  return (method, path, body) => handle(server, { method, path, headers, ...(body !== undefined && { body }) }, SELF)
}
