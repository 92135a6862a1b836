import { createSecureContext } from 'node:tls'
import { createClient } from '../../client/create-client.ts'
import type { ClientCertificate, HttpConfig } from '../../client/http/config.ts'
import { loadKubeconfig } from '../../client/http/kubeconfig.ts'
import { httpTransport } from '../../client/http/transport.ts'
import { EXIT, UserError, messageOf } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'
import { certificatesOf } from './pem.ts'

/** What a process shows of itself to the API server of another one. */
export interface ShownToOthers {
  /** Undefined when it is no certificate. */
  clientCertificate(): ClientCertificate | undefined
  /** Shows another one from now on; all connections are made anew. */
  showCertificate(pair: ClientCertificate): void
}

/** The API server of another process. */
export interface RemoteApi extends ApiAccess, ShownToOthers {
  close(): void
}

/** Reaches an API server as the user of a kubeconfig, whoever the parts would rather be. A UserError when that can't be read. */
export function remoteApi(kubeconfig: string, env: Env): RemoteApi {
  const config = readConfig(kubeconfig, env)
  let other: ClientCertificate | undefined
  const certificate = (): ClientCertificate | undefined => other ?? config.certificate?.()
  const transport = httpTransport({ ...config, certificate }, env.clock)
  return {
    rootCa: config.ca ?? '',
    transportFor: () => transport,
    clientFor: (_user, userAgent) => createClient({ transport, env, userAgent }),
    clientCertificate: certificate,
    showCertificate(pair) {
      other = pair
      transport.renew()
    },
    close: () => transport.close(),
  }
}

/** How a kubeconfig's cluster is reached. A UserError when it cannot be read or used. */
export function readConfig(kubeconfig: string, { clock }: Env): ReturnType<typeof loadKubeconfig>['config'] {
  try {
    const { config } = loadKubeconfig({ clock, paths: [kubeconfig] })
    checkCertificates(config)
    return config
  } catch (error) {
    throw new UserError(`kubeconfig ${kubeconfig}: ${messageOf(error)}`, { exitCode: EXIT.usage, cause: error })
  }
}

/** Throws for what no connection could be made with, which would be told at the first one, and of nothing in particular. */
function checkCertificates({ ca, certificate }: HttpConfig): void {
  usable('certificate authority', () => ca !== undefined && certificatesOf(ca))
  const client = certificate?.()
  if (client) usable('client certificate', () => createSecureContext({ cert: client.cert, key: client.key }))
}

function usable(what: string, use: () => unknown): void {
  try {
    use()
  } catch (cause) {
    throw new Error(`the ${what} that it has cannot be used: ${messageOf(cause)}`, { cause })
  }
}
