import { readFileSync } from 'node:fs'
import { builtInResources } from '../../api/index.ts'
import type { UserInfo } from '../../apiserver/authn/types.ts'
import { bootstrap } from '../../apiserver/bootstrap/bootstrap.ts'
import { parseTokenFile } from '../../apiserver/authn/static-tokens.ts'
import { createGuard } from '../../apiserver/guard.ts'
import type { HealthCheck } from '../../apiserver/health/health.ts'
import { CustomResources } from '../../apiserver/customresources/custom-resources.ts'
import { networkConnector } from '../../apiserver/http/kubelet-connector.ts'
import { serveHttps } from '../../apiserver/http/serve.ts'
import type { HttpsListener } from '../../apiserver/http/serve.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import { createApiServer } from '../../apiserver/server.ts'
import type { Client } from '../../client/client.ts'
import type { Transport } from '../../client/transport.ts'
import { openApiDescriptions } from './openapi.ts'
import { createClient } from '../../client/create-client.ts'
import { inProcessTransport } from '../../client/inprocess.ts'
import { nthAddress } from '../../host/cluster/resolve.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { UserError, isErrno, messageOf } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import type { Store } from '../../store/store.ts'
import { certificateAuthenticator } from './certificate-authenticator.ts'
import type { Pki } from './pki.ts'

/** A running API server, and clients of it in the same process. */
export interface RunningApi {
  readonly server: ApiServer
  readonly listener: HttpsListener
  /** The CA of its certificate, in PEM. */
  readonly rootCa: string
  /** Signs the claims of a service account token that is kept in a Secret. */
  signServiceAccountToken(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** A way in that acts as `user`; nothing but sockets and re-encoding is saved. */
  transportFor(user: UserInfo): Transport
  /** A client on it. */
  clientFor(user: UserInfo, userAgent: string): Client
}

export interface ApiOptions {
  readonly settings: ClusterSettings
  readonly env: Env
  readonly store: Store
  readonly pki: Pki
  readonly nodeIP: string
  readonly bindAddress: string
  /** Static bearer tokens, as upstream's --token-auth-file. */
  readonly tokenAuthFile?: string
}

/** Builds the API server and listens. A UserError when the port is taken. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { env, store, settings, pki, nodeIP } = options
  const descriptions = openApiDescriptions()
  const address = `${nodeIP}:${settings.apiPort}`
  const { privateKey, publicKey } = pki.serviceAccount
  const guard = createGuard({
    store,
    env,
    address,
    authenticators: [certificateAuthenticator()],
    ...(options.tokenAuthFile !== undefined && { staticTokens: readTokenFile(options.tokenAuthFile) }),
    tokenKeys: { privateKey, publicKeys: [publicKey] },
    issuer: `https://kubernetes.default.svc.${settings.clusterDomain}`,
  })
  let bootstrapped = false
  const server = createApiServer({
    store,
    env,
    resources: builtInResources,
    ...guard,
    healthChecks: [bootstrapCheck(() => bootstrapped)],
    ...(descriptions && { descriptions }),
    serviceNetwork: { cidrs: [settings.serviceCidr] },
    address,
    connector: networkConnector(undefined),
  })
  const transportFor = (user: UserInfo): Transport =>
    inProcessTransport<UserInfo>((request, identity) => handle(server, request, identity), user)
  await guard.start()
  const custom = new CustomResources(server)
  await custom.start()
  const listener = await listen(server, options)
  await bootstrap(server, {
    serviceCidrs: [settings.serviceCidr],
    advertise: { address: nodeIP, port: listener.port },
    clientCa: pki.ca.cert,
  })
  bootstrapped = true
  return {
    server,
    listener: { port: listener.port, close: () => Promise.all([listener.close(), custom.stop()]).then(() => {}) },
    rootCa: pki.ca.cert,
    signServiceAccountToken: (claims) => guard.signServiceAccountToken(claims),
    transportFor,
    clientFor: (user, userAgent) => createClient({ transport: transportFor(user), env, userAgent }),
  }
}

/** The names and addresses that the serving certificate must carry. */
export function servingNames({ serviceCidr, clusterDomain, nodeName }: ClusterSettings, nodeIP: string): string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
  ]
  return [...new Set([...service, 'localhost', nodeName, '127.0.0.1', '::1', nodeIP, nthAddress(serviceCidr, 1)])]
}

async function listen(server: ApiServer, { settings, pki, bindAddress }: ApiOptions): Promise<HttpsListener> {
  try {
    return await serveHttps(server, {
      port: settings.apiPort,
      host: bindAddress,
      tls: { cert: pki.serving.cert, key: pki.serving.key, clientCa: pki.ca.cert },
    })
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) {
      throw new UserError(`port ${settings.apiPort} is taken by another program`, {
        hints: [`see by which: ss -ltnp 'sport = :${settings.apiPort}'`, 'or choose another port with --api-port'],
      })
    }
    if (isErrno(error, 'EACCES', 'EADDRNOTAVAIL')) {
      throw new UserError(`cannot listen on ${bindAddress} port ${settings.apiPort}: ${error.message}`, {
        hints: ['choose others with --bind-address and --api-port'],
      })
    }
    throw error
  }
}

function readTokenFile(file: string): ReturnType<typeof parseTokenFile> {
  try {
    return parseTokenFile(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UserError(`cannot read the tokens in ${file}: ${messageOf(error)}`)
  }
}

/** Before the roles are there, most of what clients ask would be refused. */
function bootstrapCheck(done: () => boolean): HealthCheck {
  return {
    name: 'poststarthook/rbac/bootstrap-roles',
    only: ['healthz', 'readyz'],
    check() {
      if (!done()) throw new Error('not finished')
    },
  }
}
