import { createClient } from '../../client/create-client.ts'
import { loadKubeconfig } from '../../client/http/kubeconfig.ts'
import { httpTransport } from '../../client/http/transport.ts'
import { EXIT, UserError, messageOf } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'

/** The API server of another process. */
export interface RemoteApi extends ApiAccess {
  close(): void
}

/** Reaches an API server as the user of a kubeconfig, whoever the parts would rather be. A UserError when that can't be read. */
export function remoteApi(kubeconfig: string, env: Env): RemoteApi {
  const config = readConfig(kubeconfig, env)
  const transport = httpTransport(config, env.clock)
  return {
    rootCa: config.ca ?? '',
    transportFor: () => transport,
    clientFor: (_user, userAgent) => createClient({ transport, env, userAgent }),
    close: () => transport.close(),
  }
}

function readConfig(kubeconfig: string, { clock }: Env): ReturnType<typeof loadKubeconfig>['config'] {
  try {
    return loadKubeconfig({ clock, paths: [kubeconfig] }).config
  } catch (error) {
    throw new UserError(messageOf(error), { exitCode: EXIT.usage, cause: error })
  }
}
