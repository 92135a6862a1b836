import type { KubeObject } from '../../apimachinery/meta.ts'
import { type Status, StatusError } from '../../apimachinery/status.ts'
import type { UserInfo } from '../authn/types.ts'
import type { ApiServer } from '../server.ts'
import { handle } from './handle.ts'

/** As whom upstream's API server speaks to itself. */
const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** Creates an object as the server itself. Throws the StatusError that the request is answered with. */
export async function createAsServer(server: ApiServer, path: string, object: KubeObject): Promise<void> {
  const { status, body } = await handle(server, { method: 'POST', path, body: object }, SELF)
  if (status >= 300) throw new StatusError(body as Status)
}
